#!/bin/sh
# Each public header compiles alone, and twice. Usage: headers.sh COMPILER...

set -u

failed=0
for header in include/espalier/*.h; do
  name=${header#include/}
  printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
    "$@" -std=c11 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c - || {
    echo "$header: does not compile alone"
    failed=1
  }
done
exit $failed
