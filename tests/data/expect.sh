# For tests of the scripts in datasets/, to be sourced with $fetch, the path of one: a folder to work in, $work, which
# goes with the test; what the script must say; and the number of $failures.

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0

# Says that "$*" is not as it should be.
fail() {
  echo "$*"
  failures=$((failures + 1))
}

# Runs the script "$@": expects the status $1, and the text $2 in its output.
expect() {
  status=$1
  text=$2
  shift 2
  "$fetch" "$@" >"$work/output" 2>&1
  actual=$?
  [ $actual -eq "$status" ] && grep -qF -- "$text" "$work/output" && return
  fail "$(basename "$fetch") $*: status $actual, expected $status with '$text'; it said:"
  cat "$work/output"
}

# Evaluates the condition "$@".
check() {
  "$@" || fail "failed: $*"
}
