#!/bin/sh
# A training has one result, however many processes share it.
# Usage: same_bits.sh ESPALIER MPIEXEC CONFIG "RANKS:THREADS..." [section.key=value ...]

# shellcheck source=tests/ranks/rig.sh
. "$(dirname "$0")/rig.sh"
shares=$1
shift

# Trains with $1 processes of $2 threads each; the other words change the configuration. Prints the weights' SHA-256.
train() {
  ranks=$1
  threads=$2
  shift 2
  start=
  [ "$ranks" -eq 1 ] || start="$mpiexec -n $ranks"
  # shellcheck disable=SC2086 # words
  $start "$espalier" run "$config" -o "$work/$ranks-$threads" "run.threads=$threads" "$@" >"$work/output" 2>&1 ||
    cat "$work/output" >&2
  sed -n 's/^weights_sha256 //p' "$work/output"
}

wanted=$(train 1 2 "$@")
[ -n "$wanted" ] || exit 1
echo "$wanted  1 process"
for share in $shares; do
  found=$(train "${share%:*}" "${share#*:}" "$@")
  echo "$found  $share"
  [ "$found" = "$wanted" ] || failed=1
done
exit $failed
