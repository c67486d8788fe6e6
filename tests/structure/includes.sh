#!/bin/sh
# Includes go downward only, in the order of rooms.txt. data is a side branch: it stands on sound
# and what is below, and only train and what is above see it.

set -u

grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' src include --include='*.[ch]' | awk '
  BEGIN { unknown = " belongs to no room that tests/structure/rooms.txt knows" }
  FILENAME != "-" {
    sub(/#.*/, "")
    if (NF == 0) next
    sub(/:/, "")
    level[$1] = ++rooms
    for (i = 2; i <= NF; i++) public[$i ".h"] = $1
    next
  }
  # The room of a path that begins with src/ or espalier/; "" where there is none.
  function room(path,    part) {
    split(path, part, "/")
    if (part[1] == "espalier") return public[part[2]]
    return part[2] in level ? part[2] : ""
  }
  function allowed(from, to) {
    if (from == to) return 1
    if (from == "data") return level[to] <= level["sound"]
    if (to == "data") return level[from] >= level["train"]
    return level[to] <= level[from]
  }
  {
    found++
    split($0, place, ":")
    where = place[1] ":" place[2]
    from = place[1]
    sub("^include/", "", from)
    header = $0
    sub(/^[^<"]*[<"]/, "", header)
    sub(/[>"].*$/, "", header)
    if (header !~ "/") {
      if ($0 ~ /"/)
        complain(where ": \"" header "\": expected a path from src/, such as \"base/" header "\"")
      next
    }
    if (header !~ "^espalier/") {
      if ($0 ~ /</) next # of the system
      header = "src/" header
    }
    if (room(from) == "") complain(where ": this file" unknown)
    else if (room(header) == "") complain(where ": " header unknown)
    else if (!allowed(room(from), room(header)))
      complain(where ": " room(from) " includes " header ", of " room(header) ": not below it")
  }
  function complain(text) {
    print text
    failed = 1
  }
  END {
    if (!found) complain("no #include found: is this the root of the sources?")
    exit failed
  }' tests/structure/rooms.txt -
