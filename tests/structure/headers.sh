#!/bin/sh
# The public headers are for C99, C11, C++11 and C++17: each compiles alone, twice in a row, and all of them
# compile together, in both orders. Usage: headers.sh COMPILER...     Each argument is a command, for C or for C++.

set -u

failed=0
headers=$(ls include/espalier/*.h)

standards() {
  case $1 in
    *++*) echo c++11 c++17 ;;
    *) echo c99 c11 ;;
  esac
}

# Compiles an #include of each of the headers $3... with the command $1 for the standard $2.
compile() {
  compiler=$1
  standard=$2
  shift 2
  case $standard in
    c++*) language=c++ ;;
    *) language=c ;;
  esac
  # shellcheck disable=SC2086 # a command and its arguments
  { printf '#include <%s>\n' "$@" | sed 's|<include/|<|'; echo 'extern int not_empty;'; } |
    $compiler -std="$standard" -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only -x $language - || {
    [ $# -gt 2 ] && set -- "the headers together"
    echo "$1: $compiler -std=$standard does not compile it"
    failed=1
  }
}

for compiler in "$@"; do
  for standard in $(standards "$compiler"); do
    for header in $headers; do compile "$compiler" "$standard" "$header" "$header"; done
    # shellcheck disable=SC2046,SC2086 # lists of words
    {
      compile "$compiler" "$standard" $headers
      compile "$compiler" "$standard" $(echo "$headers" | sort -r)
    }
  done
done
for header in $headers; do
  [ "$header" != include/espalier/linkage.h ] || continue
  for word in ESP_BEGIN_DECLS ESP_END_DECLS; do
    grep -qx "$word" "$header" || {
      echo "$header: expected ESP_BEGIN_DECLS and ESP_END_DECLS around its declarations"
      failed=1
    }
  done
done
exit $failed
