#!/bin/sh
# Two hosts with a link of 1 ms and 1 Gbit/s: a shared training has the bits of one process; when the link goes down it
# ends with a line, within run.patience, and goes on afterwards to the same bits. (Open MPI's launcher waits on for the
# host that is gone.) Skipped without root, network namespaces
# or /dev/net/tun.
# Usage: two_hosts.sh ESPALIER mpich|openmpi CONFIG TWO_HOSTS LINK

# shellcheck source=tests/ranks/rig.sh
. "$(dirname "$0")/rig.sh"
kind=$mpiexec
hosts=$1
link=$2

# Runs a command of the shell, in which $espalier is known, on two hosts.
on_hosts() {
  "$hosts" "$link" 1000 1000 "$kind" sh -c "espalier=$espalier; $1" >"$work/output" 2>&1
}

bits() {
  sed -n 's/^weights_sha256 //p' "$work/output"
}

fail() {
  echo "$1"
  cat "$work/output"
  failed=1
}

words="run.threads=1 train.epochs=6"
# shellcheck disable=SC2086 # words
"$espalier" run "$config" -o "$work/alone" $words >"$work/output"
wanted=$(bits)

on_hosts "exec \$MPIEXEC -n 2 \$espalier run $config -o $work/whole $words"
[ $? -ne 77 ] || {
  cat "$work/output"
  exit 77
}
[ "$(bits)" = "$wanted" ] || fail "two hosts: other bits than those of one process"

on_hosts "\$MPIEXEC -n 2 \$espalier run $config -o $work/cut $words run.checkpoint_minutes=0 run.patience=2 &
  until grep -qs 'epoch 2/' $work/output; do sleep 0.1; done
  \$UNPLUG
  [ $kind = mpich ] || { sleep 5; kill -KILL \$!; }
  wait"
grep -q "nothing heard of the others for 2 s" "$work/output" || fail "the link is down: expected a line that says so"
"$espalier" resume "$work/cut" >"$work/output" 2>&1
[ "$(bits)" = "$wanted" ] || fail "the link was down: the run goes on to other bits"
exit $failed
