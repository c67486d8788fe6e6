#!/bin/sh
# The sheets of docs/labs cannot rot: their commands are taken out of them and run, one sheet after the other as a
# student would, in a copy of the sources, on configurations made small. Usage: labs.sh ESPALIER BUILD_DIRECTORY

set -u

here=$(pwd)/tests/labs
LABS_BUILD=$2
LABS_COPY=$(mktemp -d) || exit 1
LABS_COMMANDS=$LABS_COPY/commands
export LABS_BUILD LABS_COPY LABS_COMMANDS
trap 'rm -rf "$LABS_COPY"' EXIT
failed=0
sheets=0

mkdir -p "$LABS_COPY/build/src" "$LABS_COPY/configs/labs"
cp -R src include docs "$LABS_COPY"
cp "$1" "$LABS_COPY/build/src/espalier"
ln -s "$LABS_BUILD/bench" "$LABS_COPY/build/bench"
for config in configs/labs/*.ini; do
  sed -f "$here/small.sed" "$config" >"$LABS_COPY/$config"
done
ninja -C "$LABS_BUILD" -t commands src/espalier >"$LABS_COMMANDS" || exit 1

for sheet in docs/labs/[0-9]*.md; do
  script=$LABS_COPY/${sheet##*/}.sh
  awk -f "$here/extract.awk" "$sheet" | sed -f "$here/small.sed" >"$script"
  sheets=$((sheets + 1))
  if ! [ -s "$script" ]; then
    echo "$sheet: no commands; expected blocks that begin with \`\`\`sh"
    failed=1
  elif ! (cd "$LABS_COPY" && PATH="$here/bin:$PATH" sh -eux "$script" >"$script.log" 2>&1); then
    echo "$sheet: a command failed; the last lines:"
    tail -n 12 "$script.log"
    failed=1
  fi
done
[ $sheets -gt 0 ] || failed=1
exit $failed
