#!/bin/sh
# An entry of a table of pruning (a criterion, a distribution, a structure, a schedule, a dynamic method, a
# regulariser) is read in one go: it has at most 60 lines of code. Comments, empty lines, #include and #define
# are not counted. Usage: entries.sh COMPILER...

set -u

most=60
failed=0
for file in src/prune/criteria/*.c src/prune/distributions/*.c src/prune/structures/*.c \
  src/prune/dynamic/*.c src/prune/regularisers/*.c; do
  code=$(sed '/^[[:space:]]*#[[:space:]]*\(include\|define\)/d' "$file" | "$@" -E -P -x c - |
    grep -c '[^[:space:]]')
  [ "$code" -gt 0 ] || {
    echo "$file: cannot count its lines"
    failed=1
  }
  [ "$code" -le "$most" ] || {
    echo "$file: $code lines of code, expected at most $most; what is general belongs in src/prune"
    failed=1
  }
done
exit $failed
