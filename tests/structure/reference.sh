#!/bin/sh
# Doxygen makes the reference of the public headers without a warning, and it says what they say. Skipped without it.

set -u

command -v doxygen >/dev/null 2>&1 || {
  echo "no doxygen"
  exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
SOURCES=$PWD OUTPUT=$work VERSION=0 doxygen docs/Doxyfile >"$work/output" 2>&1 || {
  cat "$work/output"
  exit 1
}
[ ! -s "$work/output" ] || {
  cat "$work/output"
  exit 1
}
grep -q 'A model: a network written in the layer language' "$work/html/model_8h.html" || {
  echo "the comment of model.h is missing in its page"
  exit 1
}
