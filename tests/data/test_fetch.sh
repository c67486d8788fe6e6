#!/bin/sh
# datasets/fetch-cifar10 on a small archive made on the spot. Usage: test_fetch.sh [PATH-OF-fetch-cifar10]
# Exit status 0 = passed, 1 = failed, 77 = skipped.

# expect.sh reads $fetch and sets $work and $failures.
# shellcheck disable=SC1091,SC2034,SC2154,SC2317
set -u

fetch=${1-$(dirname "$0")/../../datasets/fetch-cifar10}
for tool in tar gzip md5sum sha256sum; do
  command -v $tool >/dev/null 2>&1 || exit 77
done
. "$(dirname "$0")/expect.sh"

no_leftovers() {
  [ -z "$(find "$1" -name '.fetch-cifar10*' -o -name '*.part')" ]
}

# Archive $1 from the files named after it.
make_archive() {
  archive=$1
  shift
  rm -rf "$work/cifar-10-batches-bin"
  mkdir "$work/cifar-10-batches-bin"
  for file in "$@"; do
    head -c 4000 /dev/urandom >"$work/cifar-10-batches-bin/$file"
  done
  tar -czf "$archive" -C "$work" cifar-10-batches-bin
}

# What fetch-cifar10 is told to expect.
announce() {
  CIFAR10_BYTES=$(wc -c <"$1" | tr -d ' ')
  CIFAR10_MD5=$(md5sum <"$1" | cut -d ' ' -f 1)
  CIFAR10_SHA256=$(sha256sum <"$1" | cut -d ' ' -f 1)
  export CIFAR10_BYTES CIFAR10_MD5 CIFAR10_SHA256
}

unset CIFAR10_BYTES CIFAR10_MD5 CIFAR10_SHA256
good=$work/good.tar.gz
make_archive "$work/lacking.tar.gz" data_batch_1.bin data_batch_2.bin test_batch.bin
make_archive "$good" data_batch_1.bin data_batch_2.bin data_batch_3.bin data_batch_4.bin data_batch_5.bin \
  test_batch.bin batches.meta.txt
printf 'not an archive' >"$work/text.tar.gz"

expect 0 "usage:" --help
expect 2 "unknown option" --form "$good" "$work/dest"
expect 2 "--from needs" --from
expect 2 "more than one folder" "$work/a" "$work/b"
expect 2 "expected 170052171" --from "$good" "$work/official"
check no_leftovers "$work/official"

announce "$good"
expect 2 "no such file" --from "$work/missing.tar.gz" "$work/dest"
expect 0 "ready" --from "$good" "$work/dest"
check cmp "$work/dest/cifar-10-batches-bin/test_batch.bin" "$work/cifar-10-batches-bin/test_batch.bin"
check test -f "$good"
check no_leftovers "$work/dest"
expect 0 "already there" --from "$good" "$work/dest"
rm "$work/dest/cifar-10-batches-bin/data_batch_3.bin"
expect 2 "not complete" --from "$good" "$work/dest"

# The file of the user is never removed, whatever it holds.
CIFAR10_MD5=00000000000000000000000000000000
expect 2 "its md5 is" --from "$good" "$work/md5"
announce "$good"
CIFAR10_SHA256=00
expect 2 "its sha256 is" --from "$good" "$work/sha256"
check test -f "$good"
announce "$work/lacking.tar.gz"
expect 2 "not all of" --from "$work/lacking.tar.gz" "$work/lacking"
check test ! -e "$work/lacking/cifar-10-batches-bin"
check no_leftovers "$work/lacking"
announce "$work/text.tar.gz"
expect 2 "cannot unpack" --from "$work/text.tar.gz" "$work/text"
check no_leftovers "$work/text"

if command -v curl >/dev/null 2>&1; then
  announce "$good"
  expect 0 "ready" --from "file://$good" "$work/url"
  check no_leftovers "$work/url"
  expect 2 "cannot download" --from "file://$work/missing.tar.gz" "$work/gone"

  # The half that is there is kept: its bytes, not the source's, must be in the result.
  mkdir "$work/resume"
  part=$work/resume/cifar-10-binary.tar.gz.part
  head -c 5000 "$good" >"$part"
  { head -c 5000 /dev/zero; tail -c +5001 "$good"; } >"$work/tail.tar.gz"
  expect 0 "ready" --from "file://$work/tail.tar.gz" "$work/resume"
  check no_leftovers "$work/resume"

  # A source that stops early: what came is kept, and the next run goes on.
  head -c 5000 "$good" >"$work/short.tar.gz"
  expect 2 "run again to continue" --from "file://$work/short.tar.gz" "$work/broken"
  check test -f "$work/broken/cifar-10-binary.tar.gz.part"
  expect 0 "ready" --from "file://$good" "$work/broken"

  # Wrong or too long: removed, and said so.
  { head -c 5000 /dev/zero; tail -c +5001 "$good"; } >"$work/wrong.tar.gz"
  expect 2 "the download was removed" --from "file://$work/wrong.tar.gz" "$work/wrong"
  check no_leftovers "$work/wrong"
  { cat "$good"; echo more; } >"$work/long.tar.gz"
  expect 2 "the download was removed" --from "file://$work/long.tar.gz" "$work/long"
  check no_leftovers "$work/long"
fi

exit $((failures > 0))
