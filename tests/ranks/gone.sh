#!/bin/sh
# Processes of a shared training that stop or are gone: a signal to the launcher leaves a checkpoint, one that is killed
# ends all with a line, one that hangs does so after run.patience seconds, and the run goes on afterwards.
# Usage: gone.sh ESPALIER MPIEXEC CONFIG

# shellcheck source=tests/ranks/rig.sh
. "$(dirname "$0")/rig.sh"

fail() {
  echo "$1"
  cat "$work/output"
  failed=1
}

# Waits until a command succeeds, 60 seconds at most.
await() {
  tries=0
  until "$@"; do
    [ $((tries += 1)) -lt 600 ] || return 1
    sleep 0.1
  done
}

# shellcheck disable=SC2317 # await calls it
none_left() {
  [ -z "$(workers)" ]
}

# Begins a run of many epochs with two processes, in $launcher, and waits for its first epochs.
begin() {
  rm -rf "$work/run" "$work/output"
  # shellcheck disable=SC2086 # words
  $mpiexec -n 2 "$espalier" run "$config" -o "$work/run" run.threads=1 run.checkpoint_minutes=0 train.epochs=5000 "$@" \
    >"$work/output" 2>&1 &
  launcher=$!
  await grep -qs "epoch 3/" "$work/output" || fail "the run does not begin"
}

begin
kill -USR1 "$launcher"
wait "$launcher"
[ "$(grep -c 'stopped; go on with' "$work/output")" -eq 1 ] || fail "a signal: expected one line that says how to go on"

begin
kill -KILL "$(workers | tail -n 1)"
wait "$launcher"
# Open MPI may be faster than the line, and then has a word of its own.
[ "$(grep -c '^espalier.* of 2: ended by signal 9' "$work/output")" -eq 1 ] ||
  grep -q 'process rank . .*signal 9' "$work/output" ||
  fail "a process is killed: expected one line that says which"

begin run.patience=5
hung=$(workers | tail -n 1)
kill -STOP "$hung"
await grep -q "nothing heard of the others for 5 s" "$work/output" || fail "a process hangs: expected a line that says so"
kill -KILL "$hung" 2>/dev/null
wait "$launcher"
await none_left || fail "a process hangs: expected all to end" # a launcher may end before them
rm "$work/output"
"$espalier" resume "$work/run" run.checkpoint_minutes=10 >"$work/output" 2>&1 &
alone=$!
await grep -qs "epoch" "$work/output"
kill -TERM "$alone"
wait "$alone"
grep -q 'stopped; go on with' "$work/output" || fail "the run does not go on"
exit $failed
