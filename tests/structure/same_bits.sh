#!/bin/sh
# The same configuration and seed end with the same weights, whatever the instruction set and the number of
# threads. Usage: same_bits.sh ESPALIER...     Each argument is a command, perhaps behind that of an emulator.

set -u

config=tests/structure/same_bits.ini
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# A line for each value of model.convolution. Whoever changes the arithmetic on purpose writes the new one.
record=tests/structure/same_bits.sha256
runs=0
failed=0

# Runs the command $1 with the instruction set $2, $3 threads and the convolution $4, and compares the result with
# the one on record.
# Nothing happens where the machine does not have the instruction set.
run() {
  runs=$((runs + 1))
  # shellcheck disable=SC2086 # a command and its arguments
  ESPALIER_ISA=$2 OMP_WAIT_POLICY=passive $1 run $config -o "$work/$runs" "run.threads=$3" \
    "model.convolution=$4" >"$work/output" 2>&1 || {
    if grep -q ESPALIER_ISA "$work/output" && [ "$2" != scalar ]; then return; fi
    echo "$1, $2, $3 threads, $4: failed: $(tail -n 1 "$work/output")"
    failed=1
    return
  }
  bits=$(sed -n 's/^weights_sha256 //p' "$work/output")
  echo "$bits  $1, $2, $3 threads, $4"
  grep -qx "$bits $4" "$record" || failed=1
}

for command in "$@"; do
  for convolution in auto direct; do
    run "$command" scalar 2 $convolution
    for isa in avx2 avx512 neon; do
      run "$command" $isa 1 $convolution
      run "$command" $isa 3 $convolution
    done
  done
done
[ $runs -gt 0 ] || failed=1
[ $failed -eq 0 ] || echo "failed, or not the same weights everywhere"
exit $failed
