#!/bin/sh
# The scripts have no faults that shellcheck finds. Skipped without it.

set -u

command -v shellcheck >/dev/null 2>&1 || {
  echo "no shellcheck"
  exit 77
}
grep -rlZE '^#! ?/bin/(ba)?sh' scripts .ci cross tests bench src docs datasets/fetch-* | xargs -0 shellcheck
