#!/bin/sh
# datasets/make-words on small lists made on the spot. Usage: test_make_words.sh [PATH-OF-make-words]

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154
set -u

fetch=${1-$(dirname "$0")/../../datasets/make-words}
. "$(dirname "$0")/expect.sh"

mkdir "$work/lists" "$work/one" "$work/two"
for list in danish dutch american-english french ngerman italian polish spanish swedish; do
  # Ten words of its own, one that another list has too, one too short and some that are no words.
  for i in a b c d e f g h i j; do echo "$list-$i" | tr -d -; done >"$work/lists/$list"
  printf 'both\nab\ndon'"'"'t\nx-ray\n' >>"$work/lists/$list"
done
printf 'Sm\345tt\n' >>"$work/lists/swedish" # Latin-1

expect 0 "6 words to train on and 4 to test on, of each of 9 languages" "$work/one" --lists "$work/lists" --train 6 --test 4
check [ "$(cat "$work"/one/words/train/*.txt | wc -l)" = 54 ]
check [ "$(cat "$work"/one/words/*/french.txt | sort -u | wc -l)" = 10 ]
check [ "$(cat "$work"/one/words/*/*.txt | grep -c both)" = 0 ]
check [ "$(cat "$work"/one/words/*/*.txt | grep -c "[^a-zå]")" = 0 ]
expect 0 "words to train on" "$work/two" --lists "$work/lists" --train 6 --test 4
check diff -r "$work/one" "$work/two"
expect 1 "is there already" "$work/one" --lists "$work/lists"
expect 1 "nowhere: no such folder; expected the one to make words in" "$work/nowhere"
expect 1 "expected --train and --test to be at most those" "$work" --lists "$work/lists" --train 100
rm "$work/lists/polish"
expect 1 "lacks word lists; expected those of: apt install wpolish" "$work" --lists "$work/lists"
expect 1 "expected at least 1" "$work" --train 0
check [ ! -e "$work/words" ]
[ "$failures" -eq 0 ]
