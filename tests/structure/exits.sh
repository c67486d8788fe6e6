#!/bin/sh
# A library reports errors; only the command may end the process.

set -u

found=$(grep -rnE '(^|[^_[:alnum:]])(exit|_exit|_Exit|quick_exit|abort)[[:space:]]*\(' src --include='*.[ch]' |
  grep -v '^src/cli/')
[ -z "$found" ] || {
  echo "outside src/cli, expected an esp_status instead of:"
  echo "$found"
  exit 1
}
