#!/bin/sh
# clang-format has nothing to change. Skipped without version 14: others lay out a few things in another way.

set -u

format=
for name in clang-format-14 clang-format; do
  if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then format=$name; fi
done
[ -n "$format" ] || {
  echo "no clang-format 14"
  exit 77
}
found=$(find src include tests bench docs examples -name '*.[ch]' -exec "$format" --dry-run {} + 2>&1 |
  sed -n 's/:[0-9]*:[0-9]*: warning: code should be clang-formatted.*//p' | sort -u)
[ -z "$found" ] || {
  echo "run $format -i on:"
  echo "$found"
  exit 1
}
