#!/bin/sh
# Includes go downward only: base < tensor < kernels < autograd < nn < optim < prune < train < config < rundir < run
# < sweep < analysis < report < cli.
# data is a side branch: it stands on autograd and what is below, and only train and what is above see it.

set -u

grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' src include --include='*.[ch]' | awk '
  BEGIN {
    split("base tensor kernels autograd nn optim prune train config rundir run sweep analysis report cli", order)
    for (i in order) level[order[i]] = i + 0

    # The room of each public header.
    home("status file random option csv stats", "base")
    home("tensor mask activation param task", "tensor")
    home("graph", "autograd")
    home("model", "nn")
    home("optim", "optim")
    home("prune", "prune")
    home("data", "data")
    home("train", "train")
    home("config", "config")
    home("results", "rundir")
    home("run", "run")
    home("sweep", "sweep")
    home("interpolation instability mask_overlap paper sensitivity sparsity_search", "analysis")
    home("report", "report")
  }
  function home(headers, name,    h, n, i) {
    n = split(headers, h)
    for (i = 1; i <= n; i++) public[h[i] ".h"] = name
  }
  # The room of a path that begins with src/ or espalier/; "" where there is none.
  function room(path,    part) {
    split(path, part, "/")
    if (part[1] == "espalier") return public[part[2]]
    return part[2] in level || part[2] == "data" ? part[2] : ""
  }
  function allowed(from, to) {
    if (from == to) return 1
    if (from == "data") return level[to] <= level["autograd"]
    if (to == "data") return level[from] >= level["train"]
    return level[to] <= level[from]
  }
  {
    split($0, place, ":")
    where = place[1] ":" place[2]
    from = place[1]
    sub("^include/", "", from)
    header = $0
    sub(/^[^<"]*[<"]/, "", header)
    sub(/[>"].*$/, "", header)
    if (header !~ "/") {
      if ($0 ~ /"/) complain(where ": \"" header "\": expected a path from src/, such as \"base/" header "\"")
      next
    }
    if (header !~ "^espalier/") {
      if ($0 ~ /</) next # of the system
      header = "src/" header
    }
    if (room(from) == "") complain(where ": this file belongs to no room that tests/structure/includes.sh knows")
    else if (room(header) == "") complain(where ": " header " belongs to no room that tests/structure/includes.sh knows")
    else if (!allowed(room(from), room(header)))
      complain(where ": " room(from) " includes " header ", which is in " room(header) ": not below it")
  }
  function complain(text) {
    print text
    failed = 1
  }
  END {
    if (NR == 0) complain("no #include found: is this the root of the sources?")
    exit failed
  }'
