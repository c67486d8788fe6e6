#!/bin/sh
# A shared training is killed at random moments and goes on with another number of processes each time; the end has
# the bits of a run that was left alone.
# Usage: kills.sh ESPALIER MPIEXEC CONFIG KILLS [section.key=value ...]

# shellcheck source=tests/ranks/rig.sh
. "$(dirname "$0")/rig.sh"
kills=$1
shift
common="run.threads=1 run.checkpoint_minutes=0"

# The other words are the command; after $1 hundredths of a second one of its processes is killed.
killed() {
  after=$1
  shift
  "$@" >"$work/output" 2>&1 &
  launcher=$!
  sleep "$(awk "BEGIN { print $after / 100 }")"
  victim=$(workers | tail -n 1)
  [ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null
  wait "$launcher"
}

random() {
  od -An -N2 -tu2 /dev/urandom | tr -d ' '
}

bits() {
  sed -n 's/^weights_sha256 //p' "$work/output"
}

# shellcheck disable=SC2086 # words
"$espalier" run "$config" -o "$work/alone" $common "$@" >"$work/output" 2>&1
wanted=$(bits)
run=$work/shared
i=0
while [ "$i" -lt "$kills" ]; do
  ranks=$((i % 4 + 1))
  command="resume $run"
  [ -f "$run/config.ini" ] || command="run $config -o $run $common $*"
  # shellcheck disable=SC2086 # words
  killed $(($(random) % 150 + 20)) $mpiexec -n $ranks "$espalier" $command
  echo "killed with $ranks processes"
  i=$((i + 1))
done
# shellcheck disable=SC2086 # words
$mpiexec -n 3 "$espalier" resume "$run" >"$work/output" 2>&1
found=$(bits)
echo "$wanted  alone"
echo "$found  killed $kills times"
[ -n "$wanted" ] && [ "$found" = "$wanted" ]
