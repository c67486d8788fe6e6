#!/bin/sh
# datasets/make-friedman: the formula, and that its numbers are the same each time. Usage: test_make_friedman.sh [PATH]

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154
set -u

fetch=${1-$(dirname "$0")/../../datasets/make-friedman}
. "$(dirname "$0")/expect.sh"

mkdir "$work/one" "$work/two" "$work/three"
expect 0 "50 rows to train on and 30 to test on" "$work/one" --train 50 --test 30
expect 0 "rows to train on" "$work/two" --train 50 --test 30
check diff -r "$work/one" "$work/two"
check [ "$(head -n 1 "$work/one/friedman/train.csv")" = x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,y ]
check [ "$(wc -l <"$work/one/friedman/test.csv")" = 31 ]
expect 1 "is there already" "$work/one"
expect 1 "nowhere: no such folder; expected the one to make friedman in" "$work/nowhere"
expect 0 "rows to train on" "$work/three" --train 200 --test 2 --noise 0
# shellcheck disable=SC2016 # the fields are awk's
check awk -F , 'NR > 1 {
  y = 10 * sin(3.14159265358979 * $1 * $2) + 20 * ($3 - 0.5) ^ 2 + 10 * $4 + 5 * $5
  if (y - $11 > 1e-4 || $11 - y > 1e-4) exit 1 }' "$work/three/friedman/train.csv"
expect 1 "expected at least 2" "$work" --train 1
expect 1 "expected 0 or more" "$work" --noise -1

[ "$failures" -eq 0 ]
