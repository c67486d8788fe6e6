#!/bin/sh
# datasets/make-commands says each word once. Usage: test_make_commands.sh [PATH-OF-make-commands]
# Exit status 0 = passed, 1 = failed, 77 = skipped.

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154
set -u

fetch=${1-$(dirname "$0")/../../datasets/make-commands}
. "$(dirname "$0")/expect.sh"

expect 1 "expected at least 1" "$work" --test 0
mkdir "$work/bin"
ln -s "$(python3 -c "import sys; print(sys.executable)")" "$work/bin/python3"
if PATH=$work/bin "$fetch" "$work" >"$work/output" 2>&1; then fail "made sounds without espeak-ng"; fi
check grep -q "apt install espeak-ng" "$work/output"
check [ ! -e "$work/commands" ]
command -v espeak-ng >/dev/null || exit 77
expect 0 "1 sounds to train on and 1 to test on, of each of 10 words" "$work" --train 1 --test 1
check [ "$(find "$work/commands" -name '*.wav' -size +1k | wc -l)" = 20 ]
expect 1 "is there already" "$work"
expect 1 "nowhere: no such folder; expected the one to make commands in" "$work/nowhere"
[ "$failures" -eq 0 ]
