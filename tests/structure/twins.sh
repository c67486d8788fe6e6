#!/bin/sh
# A name means one thing: no struct, enum or typedef that a header defines, or that begins with esp_, has a body in
# two files; and each header has a guard of its own, named after its path.

set -u

failed=0

# Prints "NAME FILE:LINE" for each body of a struct, enum or union at file scope, and for each other typedef.
bodies() {
  find src include -name '*.[ch]' -exec awk '
    function say(name) { print name, FILENAME ":" FNR }
    function word(text) { return match(text, /[A-Za-z_][A-Za-z_0-9]*/) ? substr(text, RSTART, RLENGTH) : "" }
    { sub(/\/\*.*/, "") }
    /^(typedef )?(struct|enum|union) [A-Za-z_0-9]+ \{/ {
      tag = $0
      sub(/^(typedef )?(struct|enum|union) /, "", tag)
      tag = word(tag)
      if (tag != "") say(tag)
      if ($0 !~ /}/) next
    }
    /^}.*;/ || /^(typedef )?(struct|enum|union) .*{.*}.*;/ {
      name = $0
      sub(/.*}[ ]*/, "", name)
      if (word(name) != "" && word(name) != tag && typedefed($0)) say(word(name))
      tag = ""
      next
    }
    /^typedef .*\(\*?[a-z_0-9]+\)\(/ { # of a pointer to a function
      name = $0
      sub(/^[^(]*\(\*?/, "", name)
      say(word(name))
      next
    }
    /^typedef [^({]*;/ {
      n = split($0, part, /[ *;]+/)
      name = part[n - 1]
      sub(/\[.*/, "", name)
      if (!($2 ~ /^(struct|enum|union)$/ && $3 == name)) say(name)
    }
    function typedefed(line) { return line ~ /^}/ || line ~ /^typedef/ }
  ' {} +
}

found=$(bodies)
[ -n "$found" ] || {
  echo "no struct found: is this the root of the sources?"
  exit 1
}
twins=$(echo "$found" | awk '
  {
    split($2, place, ":")
    if (!seen[$1, place[1]]++) count[$1]++
    where[$1] = where[$1] " " $2
    if ($2 ~ /\.h:/) header[$1] = 1
  }
  END { for (name in count) if (count[name] > 1 && (header[name] || name ~ /^esp_/)) print name ":" where[name] }')
[ -z "$twins" ] || {
  echo "names with bodies in two files:"
  echo "$twins"
  failed=1
}

guards=$(find src include -name '*.h' -exec awk '
  /^#ifndef / && !seen[FILENAME]++ {
    expected = FILENAME
    sub(/^(src|include\/espalier)\//, "", expected)
    gsub(/[\/.]/, "_", expected)
    expected = "ESP_" toupper(expected)
    if ($2 != expected) print FILENAME ": its guard is " $2 ", expected " expected
  }' {} +)
unguarded=$(find src include -name '*.h' -exec grep -L '^#ifndef ESP_' {} +)
[ -z "$guards$unguarded" ] || {
  echo "$guards"
  [ -z "$unguarded" ] || echo "without a guard: $unguarded"
  failed=1
}
exit $failed
