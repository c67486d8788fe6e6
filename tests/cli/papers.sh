#!/bin/sh
# scripts/papers in a tree of its own, with a paper of four tiny runs, one value of which has two lines: what it keeps,
# what it writes, that a second call trains nothing, that the page needs the kept files only, and what it says of bad
# arguments.
# Usage: papers.sh ESPALIER ROOT

set -u

export ESPALIER="$1"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/scripts" "$work/configs/papers" "$work/docs/results"
cp "$2/scripts/papers" "$work/scripts"
cd "$work" || exit 1
failed=0

# $1 says what the status $2 of the last command, or of a test, has to be 0 for.
expect() {
  [ "$2" -eq 0 ] && return
  echo "expected: $1"
  failed=1
}

# Whether the page has the text $1.
shows() {
  grep -qF -- "$1" docs/results.md
  expect "'$1' on the page" $?
}

# Whether the arguments behind $1 are refused in one line with $1 in it.
refuses() {
  why=$1
  shift
  scripts/papers "$@" >said 2>&1
  [ $? -eq 2 ] && [ "$(wc -l <said)" -eq 1 ] && grep -qF -- "$why" said
  expect "'$*' refused for '$why'" $?
}

echo 'What was measured' >docs/results/begin.md
echo 'Written by hand' >docs/results/end.md
cat >configs/papers/tiny.ini <<'INI'
;     espalier sweep configs/papers/tiny.ini && espalier compare runs/tiny figures --absolute
[data]
dataset = shapes
train = 64
test = 32
[model]
arch = mlp
hidden = 8
[train]
epochs = 1
batch = 32
[sweep]
prune.method = magnitude random
prune.sparsity = 0.5 0.8
prune.layers =
  "linear1 0.5
   linear2 0.5"
INI
cat >configs/papers/figures.csv <<'CSV'
prune.method,sparsity,test_accuracy,tolerance,source
magnitude,0.5,50,100,table 1
random,0.8,1,1,table 1
CSV

scripts/papers --jobs 2 tiny >/dev/null 2>&1
expect 'a sweep outside its bands is no failure' $?
for file in table.txt compared.txt machine.txt curves.svg; do
  [ -s "docs/results/tiny/$file" ]
  expect "$file is kept" $?
done
shows '| [tiny](#tiny) | 2 | 1 |'
shows 'Time of all runs, added up: 0 min'
shows 'prune.layers=linear1 0.5;linear2 0.5'
shows 'magnitude     0.5'
shows 'OUTSIDE'
shows '(results/tiny/curves.svg)'
[ "$(sed -n '1p;$p' docs/results.md)" = "$(cat docs/results/begin.md docs/results/end.md)" ]
expect 'the beginning and the end are those written by hand' $?

cksum runs/papers/tiny/*/result.json >before
cp docs/results.md page
scripts/papers --jobs 2 tiny >/dev/null 2>&1
cksum runs/papers/tiny/*/result.json | cmp -s - before && cmp -s docs/results.md page
expect 'a second call trains nothing and writes the same page' $?

rm -r runs docs/results.md
echo 'The band is too narrow.' >docs/results/tiny/note.md
scripts/papers --page && shows 'The band is too narrow.'
expect 'the page is made from what is kept' $?

sed 's/^dataset = shapes/dataset = idx/' configs/papers/tiny.ini >configs/papers/broken.ini
scripts/papers broken >/dev/null 2>said
[ $? -eq 1 ] && grep -q 'broken did not end' said && [ ! -e docs/results/broken ]
expect 'a sweep that does not end keeps nothing' $?

refuses 'expected mnist, cifar, all'
refuses 'no configs/papers/nothing.ini' tiny nothing
refuses "unknown option '--fast'" --fast tiny
refuses 'a value behind it' --jobs
exit $failed
