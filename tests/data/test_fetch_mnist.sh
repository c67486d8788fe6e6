#!/bin/sh
# datasets/fetch-mnist on small files made on the spot. Usage: test_fetch_mnist.sh [PATH-OF-fetch-mnist]
# Exit status 0 = passed, 1 = failed, 77 = skipped.

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154,SC2317
set -u

fetch=${1-$(dirname "$0")/../../datasets/fetch-mnist}
for tool in gzip sha256sum; do
  command -v $tool >/dev/null 2>&1 || exit 77
done
. "$(dirname "$0")/expect.sh"
files="train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte"

# The folder $1 is empty or not there.
nothing_in() {
  [ ! -d "$1" ] || [ -z "$(ls -A "$1")" ] || fail "$1: expected nothing in it"
}

mkdir "$work/there"
MNIST_SHA256=
for file in $files; do
  head -c 4000 /dev/urandom >"$work/there/$file"
  MNIST_SHA256="$MNIST_SHA256$(sha256sum <"$work/there/$file" | cut -d ' ' -f 1)
"
done
export MNIST_SHA256

# From a folder, packed or not; there already; what is there in part.
expect 0 "mnist: ready" --from "$work/there" "$work/plain"
gzip -dc "$work/plain/mnist/t10k-labels-idx1-ubyte.gz" >"$work/unpacked"
check cmp "$work/unpacked" "$work/there/t10k-labels-idx1-ubyte"
expect 0 "mnist: ready" --from "$work/plain/mnist" "$work/packed"
expect 0 "already there" --from "$work/there" "$work/packed"
rm "$work/packed/mnist/train-labels-idx1-ubyte.gz"
expect 2 "is there but not complete" --from "$work/there" "$work/packed"

# What is not as expected leaves nothing.
cp -r "$work/there" "$work/wrong"
echo more >>"$work/wrong/t10k-labels-idx1-ubyte"
expect 2 "t10k-labels-idx1-ubyte.gz: not the file expected: its sha256 is" --from "$work/wrong" "$work/none"
nothing_in "$work/none"
cp -r "$work/plain/mnist" "$work/cut"
head -c 100 "$work/plain/mnist/train-images-idx3-ubyte.gz" >"$work/cut/train-images-idx3-ubyte.gz"
expect 2 "it cannot be unpacked" --from "$work/cut" "$work/none"
nothing_in "$work/none"
rm "$work/wrong/train-labels-idx1-ubyte"
expect 2 "no train-labels-idx1-ubyte.gz and no train-labels-idx1-ubyte" --from "$work/wrong" "$work/none"
nothing_in "$work/none"
expect 2 "no such folder" --from "$work/nowhere" "$work/none"
expect 2 "--from needs a URL or a folder" --from
expect 2 "unknown option --form" --form x
expect 2 "more than one folder" "$work/a" "$work/b"
expect 0 "usage: fetch-mnist" --help
exit $((failures > 0))
