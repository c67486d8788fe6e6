#!/bin/sh
# No file that is, or would be, in git is larger than 1 MiB. Skipped where there is no git.

set -u

files() {
  git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
}

files >/dev/null 2>&1 || {
  echo "not a git repository, or no git"
  exit 77
}
found=$(files | xargs -0 sh -c 'find "$@" -maxdepth 0 -size +1024k' sh 2>/dev/null)
[ -z "$found" ] || {
  echo "larger than 1 MiB:"
  echo "$found"
  exit 1
}
