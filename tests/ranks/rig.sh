#!/bin/sh
# What the scripts of this folder begin with; they read it. The first three words become the command, the launcher and
# a configuration; there is a folder to work in, $work, which goes at the end.
# shellcheck disable=SC2034 # used there

set -u

espalier=$1
mpiexec=$2
config=$3
shift 3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# The processes that work on runs in $work, without those that guard them.
workers() {
  ps -e -o pid= -o ppid= -o args= | awk -v name="$espalier" -v here="$work" '
    $3 == name && index($0, here) { found[$1]; guards[$2] }
    END { for (i in found) if (!(i in guards)) print i }'
}
