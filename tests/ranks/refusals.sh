#!/bin/sh
# What several processes cannot share is refused in one line, by all of them, and leaves no directory.
# Usage: refusals.sh ESPALIER MPIEXEC CONFIG ANOTHER     ANOTHER: the command in another version

# shellcheck source=tests/ranks/rig.sh
. "$(dirname "$0")/rig.sh"
another=$1

# Expects that $1 processes fail with status 2 and one line that has the text $2. The other words are the command.
refused() {
  ranks=$1
  text=$2
  shift 2
  # shellcheck disable=SC2086 # words
  $mpiexec -n "$ranks" "$@" >"$work/output" 2>"$work/errors"
  status=$?
  lines=$(grep -c '^espalier' "$work/errors")
  if [ "$status" -eq 2 ] && [ "$lines" -eq 1 ] && grep -qF "$text" "$work/errors"; then return; fi
  echo "$*: status $status, $lines lines; expected 2, and one with: $text"
  cat "$work/output" "$work/errors"
  failed=1
}

# A program that changes some words, and the folder, for the process whose rank is 1.
cat >"$work/one_differs" <<'END'
#!/bin/sh
rank=${PMI_RANK-${OMPI_COMM_WORLD_RANK-0}}
for word; do
  shift
  [ "$rank" != 1 ] || [ "$word" != here/run ] || cd /
  [ "$rank" != 1 ] || word=$(echo "$word" | sed 's/^train.lr=1$/train.lr=2/; s/^run.seed=7$/run.seed=8/; s/here.ini/gone.ini/')
  set -- "$@" "$word"
done
exec "$@"
END
chmod +x "$work/one_differs"
cp "$config" "$work/here.ini"

refused 2 "[train] parts = 1" "$espalier" run "$config" -o "$work/run" train.parts=1
refused 2 "expected at most as many parts" "$espalier" run "$config" -o "$work/run" train.parts=9
refused 2 "espalier run: unknown option '--typo'" "$espalier" run "$config" --typo
refused 1 "espalier run: rank 1: unknown option '--typo'" \
  "$espalier" run "$config" -o "$work/run" : -n 1 "$espalier" run "$config" --typo
refused 2 "only run and resume share" "$espalier" inspect "$work/run"
refused 1 "rank 1: is Espalier 0.0.1, and rank 0 is " \
  "$espalier" run "$config" -o "$work/run" : -n 1 "$another" run "$config" -o "$work/run"
refused 2 "rank 1: has another configuration than rank 0" \
  "$work/one_differs" "$espalier" run "$config" -o "$work/run" train.lr=1
refused 2 "rank 1: has other labels in its data than rank 0" \
  "$work/one_differs" "$espalier" run "$config" -o "$work/run" run.seed=7
refused 3 "rank 1: " "$work/one_differs" "$espalier" run "$work/here.ini" -o "$work/run"
cd "$work" || exit 1
refused 2 "rank 1: here/run: rank 0 has made it, this process does not see it" \
  "$work/one_differs" "$espalier" run "$config" -o here/run
for left in "$work/run" "$work/here/run"; do
  [ -e "$left" ] || continue
  echo "a refused run has left a directory"
  failed=1
done
exit $failed
