#!/bin/sh
# Everything is put in place, the command finds what came with it, and uninstalling leaves nothing.
# Usage: installs.sh BUILD LIBRARY MESON...

set -u

build=$1
library=$(basename "$2")
shift 2
work=$(mktemp -d) || exit 1
failed=0

# shellcheck source=tests/install/tree.sh disable=SC1091
. tests/install/tree.sh
trap 'restore_log; rm -rf "$work"' EXIT

complain() {
  echo "$*"
  failed=1
}

# Each of the patterns is a file below the tree.
expect() {
  for pattern in "$@"; do
    find "$work/tree" -path "$work/tree/*/$pattern" | grep -q . || complain "not installed: $pattern"
  done
}

install_tree "$build" "$work/tree" "$@" || exit 1
expect bin/espalier "$library" libespalier.so libespalier.a pkgconfig/espalier.pc libespalier-predict.so \
  libespalier-predict.a pkgconfig/espalier-predict.pc \
  share/espalier/configs/quickstart.ini share/espalier/configs/papers/renda2020.csv \
  share/espalier/configs/names/torchvision-resnet18.txt share/doc/espalier/README.md
expect include/espalier/version.h
expect share/man/man1/espalier.1 share/man/man1/espalier-run.1 share/bash-completion/completions/espalier \
  share/zsh/site-functions/_espalier share/fish/vendor_completions.d/espalier.fish
for header in include/espalier/*.h; do expect "$header"; done
for example in examples/*.c; do expect "share/doc/espalier/$example"; done
for document in docs/*.md; do expect "share/doc/espalier/$document"; done
readelf -d "$work/tree"/*/*/lib/*/libespalier.so "$work/tree"/*/lib/*/libespalier.so 2>/dev/null |
  grep -q 'SONAME.*libespalier\.so\.[0-9]' || complain "libespalier.so: no soname with a number"

command=$(find "$work/tree" -path '*/bin/espalier')
ESPALIER_DATA=$(find "$work/tree" -path '*/share/espalier')
export ESPALIER_DATA
ldd "$command" | grep -q libespalier && complain "$command: needs libespalier.so"
cd "$work" || exit 1
"$command" list >"$work/output" 2>&1 || complain "espalier list: $(cat "$work/output")"
"$command" compare nowhere renda2020 2>&1 | grep -q '^espalier compare: nowhere' ||
  complain "espalier compare: does not find the installed renda2020"
"$command" compare nowhere renda2021 2>&1 | grep -qF "no such paper" ||
  complain "espalier compare: does not refuse renda2021"
"$command" compare nowhere renda2021 2>&1 | grep -qF "below $ESPALIER_DATA)" ||
  complain "espalier compare: does not say where it looked for renda2021"

"$command" run quickstart data.path=/nowhere 2>&1 | grep -q 'quickstart\.ini: /nowhere: no such folder' ||
  complain "espalier run: does not find the installed quickstart.ini"

DESTDIR=$work/tree ninja -C "$build" uninstall >"$work/output" 2>&1 || complain "$(cat "$work/output")"
left=$(find "$work/tree" ! -type d)
[ -z "$left" ] || complain "left by uninstall: $left"
exit $failed
