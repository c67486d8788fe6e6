#!/bin/bash
# Manual pages and completions, as the build writes them from the tables of the command. Usage: documents.sh ESPALIER
# FOLDER, the folder that holds them. What checks them is used as far as it is there: mandoc, zsh, fish.

set -u

espalier=$1
folder=$2
failed=0

complain() {
  echo "$*"
  failed=1
}

# ---- manual pages ----

commands=$("$espalier" help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -gt 16 ] || complain "espalier help: expected its commands: $commands"
for command in $commands; do
  page=$folder/espalier-$command.1
  [ -s "$page" ] || complain "$page: no such page; expected '$command' among the commands of src/cli/meson.build"
  options=$("$espalier" "$command" --help | sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p')
  for option in $options; do
    grep -q "Fl Fl $option" "$page" || complain "$page: lacks --$option"
  done
  grep -q "Xr espalier-$command 1" "$folder/espalier.1" || complain "espalier.1: lacks $command"
done
if command -v mandoc >/dev/null; then
  for page in "$folder"/*.[15]; do
    found=$(mandoc -T lint -W warning "$page") || complain "$found"
  done
fi

page=$folder/espalier.ini.5
for section in $("$espalier" help | sed -n '/^sections/,/^$/s/^  \([a-z]*\)  .*/\1/p'); do
  grep -qx ".Sh \[$section\]" "$page" || complain "$page: lacks [$section]"
  for key in $("$espalier" help "$section" | sed -n "/^\[$section\]/,\$s/^  \([a-z0-9_]*\) =.*/\1/p"); do
    grep -qx ".It Li $key" "$page" || complain "$page: lacks $section.$key"
  done
done

# ---- completions ----

bash -n "$folder/espalier" || complain "bash does not read its completion"
if command -v zsh >/dev/null; then zsh -n "$folder/_espalier" || complain "zsh does not read its completion"; fi
if command -v fish >/dev/null; then
  fish -n "$folder/espalier.fish" || complain "fish does not read its completion"
fi

# shellcheck disable=SC1091 # made by the build
. "$folder/espalier"

# expect LINE WORD...: what is offered behind the line, in any order.
expect() {
  COMP_LINE=$1
  COMP_POINT=${#1}
  COMPREPLY=()
  shift
  _espalier
  local offered wanted
  offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
  wanted=$(printf '%s\n' "$@" | sort)
  [ "$offered" = "$wanted" ] || complain "$COMP_LINE: offers $offered, expected $wanted"
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir runs
touch plain.ini

expect "espalier ru" run
expect "espalier re" resume report
expect "espalier --v" --version
expect "espalier run --" --dry-run --output --plugin --help
expect "espalier run -" -o -h --dry-run --output --plugin --help
expect "espalier sweep plain.ini --d" --dry-run
expect "espalier run pl" plain.ini
expect "espalier run --output ru" runs
expect "espalier sweep --jobs "
expect "espalier run prune.me" prune.method=
expect "espalier run plain.ini model.con" model.convolution=
expect "espalier run plain.ini log.tensorboard=" yes no
expect "espalier run plain.ini model.shortcut=id" identity
expect "espalier run plain.ini no.such="
expect "espalier list lay" layers
expect "espalier help sweep" sweep
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
expect "espalier run plain.ini model.shortcut=id" model.shortcut=identity
exit $failed
