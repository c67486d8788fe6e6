#!/bin/sh
# datasets/make-pictures: what it makes, twice the same. Usage: test_make_pictures.sh [PATH-OF-make-pictures]

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154
set -u

fetch=${1-$(dirname "$0")/../../datasets/make-pictures}
. "$(dirname "$0")/expect.sh"

mkdir "$work/one" "$work/two"
expect 0 "7 pictures to train on and 4 to test on, of 3 classes" "$work/one" --train 7 --test 4 --side 9 --classes 3
check [ "$(ls "$work/one/pictures/train")" = "$(ls "$work/one/pictures/test")" ]
check [ "$(find "$work/one/pictures" -name '*.png' | wc -l)" = 11 ]
check [ "$(cat "$work"/one/pictures/*/*/*.png | grep -c IEND)" -ge 11 ]
expect 0 "pictures to train on" "$work/two" --train 7 --test 4 --side 9 --classes 3
check diff -r "$work/one" "$work/two"
expect 1 "is there already" "$work/one"
expect 1 "nowhere: no such folder; expected the one to make pictures in" "$work/nowhere"
expect 1 "expected 8 to 4096" "$work" --side 7
expect 1 "a picture of each class" "$work" --train 9 --test 9 --classes 10
check [ ! -e "$work/pictures" ]
[ "$failures" -eq 0 ]
