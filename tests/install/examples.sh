#!/bin/sh
# The examples are built outside of the sources against an installed tree, with each compiler, shared and static, and
# run. A plugin's criterion prunes exactly, keeps what is pruned at 0, and goes on after a kill.
# Usage: examples.sh BUILD MESON COMPILER...

set -u

build=$1
meson=$2
shift 2
sources=$PWD
work=$(mktemp -d) || exit 1
failed=0
export OMP_WAIT_POLICY=passive

# shellcheck source=tests/install/tree.sh disable=SC1091
. tests/install/tree.sh
trap 'restore_log; rm -rf "$work"' EXIT

complain() {
  echo "$*"
  failed=1
}

# Runs a command whose output is shown only if it fails.
quietly() {
  "$@" >"$work/output" 2>&1 && return
  complain "$*: $(cat "$work/output")"
  return 1
}

install_tree "$build" "$work/tree" "$meson" || exit 1
espalier=$(find "$work/tree" -path '*/bin/espalier')
prefix=${espalier%/bin/espalier}
whole=$(find "$prefix" -name espalier.pc)
small=$(find "$prefix" -name espalier-predict.pc)
package=$whole
library=$(dirname "$(find "$prefix" -name libespalier.a)")
examples=$prefix/share/doc/espalier/examples
mkdir "$work/static" "$work/out"
cp "$library/libespalier.a" "$library/libespalier-predict.a" "$work/static"
cd "$work/out" || exit 1
picture=$work/picture.png
base64 -d >"$picture" <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFklEQVR42mM4oaEBRyIaJ+CIYWhJAABszkOBRncBYAAAAABJRU5ErkJggg==
END

# What pkg-config says of the package $package, as if the tree were at its prefix.
flags() {
  pkg-config --define-variable=prefix="$prefix" --define-variable=libdir="${libdir:-$library}" "$@" "$package"
}

# Builds the program $3 with the compiler $1, for which $2 are the options.
program() {
  # shellcheck disable=SC2046,SC2086 # options are lists of words
  quietly $1 $2 -Wall -Werror -c "$examples/$3.c" -o "$3.o" $(flags --cflags) &&
    quietly $1 "$3.o" -o "$3" $(flags $link --libs)
}

# Trains with the one program and predicts with the other: all of them end with the same file.
run_programs() {
  quietly ./train_prune_save pruned.safetensors || return
  [ -f first.safetensors ] || cp pruned.safetensors first.safetensors
  cmp pruned.safetensors first.safetensors || complain "$1: not the same weights as with the first compiler"
  quietly ./predict_embedded pruned.safetensors "$picture"
}

# The small library alone: the same class as the whole one says, with raw pixels.
run_predictor() {
  head -c 200000 /dev/zero | quietly ./predict_one pruned.safetensors
  ./predict_one nothing.safetensors </dev/null >/dev/null 2>&1 && complain "$1: predict_one opens what is not there"
  readelf -d predict_one | grep -q 'libespalier\.so' && complain "$1: predict_one needs the whole library"
}

build_all() {
  for way in shared static; do
    link=
    libdir=$library
    [ $way = shared ] || {
      link=--static
      libdir=$work/static
    }
    if program "$1" "$2" train_prune_save && program "$1" "$2" predict_embedded; then
      LD_LIBRARY_PATH=$libdir run_programs "$1, $way"
    fi
    package=$small
    program "$1" "$2" predict_one && LD_LIBRARY_PATH=$libdir run_predictor "$1, $way"
    package=$whole
  done
  for plugin in criterion_plugin dataset_plugin; do
    # shellcheck disable=SC2046,SC2086 # lists of words
    quietly $1 $2 -Wall -Werror -shared -fPIC "$examples/$plugin.c" -o "$plugin.so" $(flags --cflags)
  done
  run_plugins "$1"
}

# A run of both plugins, from a configuration that is beside them.
run_plugins() {
  cp "$sources/tests/install/plugins.ini" .
  rm -rf whole killed
  quietly "$espalier" run plugins.ini -o whole || return
  quietly python3 "$sources/tests/install/check_run.py" "$sources/python" whole 0.8 || return
  grep -qx 'pull = 2' whole/config.ini || complain "$1: the key of the plugin is not in config.ini"
  "$espalier" help --plugin criterion_plugin.so steady | grep -q pull || complain "$1: help does not know steady"
  "$espalier" run plugins.ini -o killed run.checkpoint_minutes=0.0002 >/dev/null 2>&1 &
  process=$!
  while kill -0 $process 2>/dev/null && [ ! -f killed/checkpoint.safetensors ]; do sleep 0.02; done
  kill -9 $process 2>/dev/null
  wait $process 2>/dev/null
  quietly "$espalier" resume killed || return
  quietly python3 "$sources/tests/install/check_run.py" "$sources/python" killed 0.8 whole
}

for compiler in "$@"; do
  case $compiler in
    *++*) options='-x c++ -Wno-missing-field-initializers' ;;
    *) options= ;;
  esac
  build_all "$compiler" "$options"
done
exit $failed
