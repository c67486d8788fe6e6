#!/bin/sh
# What the command does when its standard output is full or closed, and when files may not grow.
# Usage: streams.sh ESPALIER

set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Whether the last command ended with status $2 and said one line with $3 in it; $1 names the case, $4 is the status.
expect() {
  [ "$4" -eq "$2" ] && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -q "$3" "$work/said" && return
  echo "$1: status $4, expected $2 and a line with '$3', not:"
  cat "$work/said"
  failed=1
}

cat >"$work/run.ini" <<'INI'
[run]
threads = 1
[data]
dataset = shapes
train = 32
test = 16
[train]
epochs = 1
batch = 32
[model]
arch = custom
layers =
  conv 64 3x3 stride 4
  relu
  flatten
  linear classes
INI

if [ -w /dev/full ]; then
  "$1" list >/dev/full 2>"$work/said"
  expect "full" 1 "standard output cannot be written: No space left" $?
fi
"$1" list >&- 2>"$work/said"
expect "closed" 1 "standard output cannot be written" $?

"$1" run "$work/run.ini" -o "$work/run" >&- 2>"$work/said"
expect "run with a closed output" 1 "standard output cannot be written" $?
[ -s "$work/run/result.json" ] || { echo "the run did not end"; failed=1; }
[ ! -s "$work/run/lock" ] || { echo "what the run printed is in its lock"; failed=1; }

(
  ulimit -f 8
  exec "$1" run "$work/run.ini" -o "$work/limited" >/dev/null 2>"$work/said"
)
expect "files of at most 4096 bytes" 2 "cannot be written: File too large" $?
exit $failed
