#!/bin/sh
# The sheets of docs/labs and their answers cannot rot: their commands are taken out of them and run, one sheet after the
# other as a student would who knows the answers, in a copy of the sources. Configurations that need installed images
# are made small. Where none was, what a sheet says is printed must be printed. Usage: labs.sh ESPALIER BUILD_DIRECTORY
#
# With LABS_FULL=1 in the environment nothing is made small; that takes the images, and half an hour.

set -u

here=$(pwd)/tests/labs
LABS_BUILD=$2
LABS_COPY=$(mktemp -d) || exit 1
LABS_COMMANDS=$LABS_COPY/commands
BUILD=$LABS_BUILD # for docs/labs/compile
export LABS_BUILD LABS_COPY LABS_COMMANDS BUILD
trap 'rm -rf "$LABS_COPY"' EXIT
failed=0
sheets=0
made_small=

mkdir -p "$LABS_COPY/build/src" "$LABS_COPY/configs/labs"
cp -R src include docs tests "$LABS_COPY"
cp "$1" "$LABS_COPY/build/src/espalier"
ln -s "$LABS_BUILD/bench" "$LABS_COPY/build/bench"
for config in configs/labs/*.ini; do
  if [ -z "${LABS_FULL:-}" ] && grep -qE '^dataset = (idx|text)' "$config"; then
    sed -f "$here/small.sed" "$config" >"$LABS_COPY/$config"
    made_small="$made_small -e $config"
  else
    cp "$config" "$LABS_COPY/$config"
  fi
done
words=$LABS_COPY/datasets/words
mkdir -p "$LABS_COPY/datasets"
if [ -n "${LABS_FULL:-}" ]; then
  ln -s "$(pwd)/datasets/words" "$words"
else
  mkdir -p "$words/train" "$words/test"
  for language in danish dutch english french german italian polish spanish swedish; do
    for part in train test; do
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "$language$i"; done >"$words/$part/$language.txt"
    done
  done
fi
for start in docs/labs/start/*; do
  "$here/solve" "$start" "$LABS_COPY/solved/${start##*/}" || exit 1
done
ninja -C "$LABS_BUILD" -t commands src/espalier >"$LABS_COMMANDS" || exit 1

# Runs the commands of the sheet $1 and compares what they print. Complains, and fails, when something is amiss.
run() {
  script=$LABS_COPY/sheet.sh
  expected=$LABS_COPY/expected
  : >"$expected"
  awk -v "expected=$expected" -f "$here/extract.awk" "$1" | sed 's|cp -r docs/labs/start/|cp -r solved/|' >"$script"
  # shellcheck disable=SC2086 # words
  if [ -n "$made_small" ] && grep -qF $made_small "$1"; then
    sed -i -f "$here/small.sed" "$script"
    : >"$expected"
  fi
  (cd "$LABS_COPY" && PATH="$here/bin:$PATH" sh -eux "$script" >"$script.log" 2>&1) || {
    echo "$1: a command failed; the last lines:"
    tail -n 12 "$script.log"
    return 1
  }
  [ ! -s "$expected" ] || awk -f "$here/expect.awk" "$expected" "$script.log" || {
    echo "$1: see above"
    return 1
  }
}

# In the order of their numbers.
for sheet in docs/labs/[0-9]-*.md docs/labs/[0-9][0-9]-*.md docs/labs/answers/[0-9]*.md; do
  sheets=$((sheets + 1))
  run "$sheet" || failed=1
done
[ $sheets -gt 0 ] || failed=1
exit $failed
