#!/bin/sh
# The shared library shows the symbols of the public headers, and no others. Usage: symbols.sh LIBRARY

set -u

failed=0
symbols=$(nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }')
[ -n "$symbols" ] || {
  echo "$1: no symbols"
  failed=1
}
for symbol in $symbols; do
  case $symbol in
    esp__* | [!e]* | e[!s]* | es[!p]* | esp[!_]*)
      echo "$symbol: seen, but not a public name, which is esp_ and a letter"
      failed=1
      ;;
    *)
      grep -qw "$symbol" include/espalier/*.h include/espalier/*.in || {
        echo "$symbol: seen, but declared in no public header"
        failed=1
      }
      ;;
  esac
done
exit $failed
