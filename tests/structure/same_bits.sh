#!/bin/sh
# The same configuration and seed end with the same weights, whatever the instruction set and the number of
# threads. Usage: same_bits.sh ESPALIER...     Each argument is a command, perhaps behind that of an emulator.

set -u

config=tests/structure/same_bits.ini
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
expected=$(cat tests/structure/same_bits.sha256) # whoever changes the arithmetic on purpose writes the new one
runs=0
failed=0

# Runs the command $1 with the instruction set $2 and $3 threads, and compares the result with the one on record.
# Nothing happens where the machine does not have the instruction set.
run() {
  runs=$((runs + 1))
  # shellcheck disable=SC2086 # a command and its arguments
  ESPALIER_ISA=$2 OMP_WAIT_POLICY=passive $1 run $config -o "$work/$runs" "run.threads=$3" >"$work/output" 2>&1 || {
    if grep -q ESPALIER_ISA "$work/output" && [ "$2" != scalar ]; then return; fi
    echo "$1, $2, $3 threads: failed: $(tail -n 1 "$work/output")"
    failed=1
    return
  }
  bits=$(sed -n 's/^weights_sha256 //p' "$work/output")
  echo "$bits  $1, $2, $3 threads"
  [ -n "$bits" ] && [ "$bits" = "$expected" ] || failed=1
}

for command in "$@"; do
  run "$command" scalar 2
  for isa in avx2 avx512 neon; do
    run "$command" $isa 1
    run "$command" $isa 3
  done
done
[ $runs -gt 0 ] || failed=1
[ $failed -eq 0 ] || echo "failed, or not the same weights everywhere"
exit $failed
