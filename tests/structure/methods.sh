#!/bin/sh
# Everything that [prune] and [compress] can name has a row in docs/methods.md. Usage: methods.sh ESPALIER

set -u

document=docs/methods.md
failed=0

# Complains of entries in the table $2 of the command $1 whose row, a line that begins or goes on with $3NAME$4, is
# missing.
check() {
  names=$("$1" list "$2" | sed -n 's/^  \([^ ]*\) .*/\1/p')
  [ -n "$names" ] || {
    echo "espalier list $2: no entries"
    failed=1
  }
  for name in $names; do
    grep -qE -- "$3$name$4" $document || {
      echo "$document: no row for '$name' ($2)"
      failed=1
    }
  done
}

check "$1" criteria '^\| ' ' \|'
check "$1" dynamic '^\| ' ' \|'
check "$1" structures '^\| ' ' \|'
check "$1" steps '^\| ' ' \|'
check "$1" regularisers 'prune\.regulariser=' '[ `]'
exit $failed
