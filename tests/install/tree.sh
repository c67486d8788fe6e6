# shellcheck shell=sh disable=SC2154
# Installing into an empty folder, for the scripts that look at what is there. To be sourced.

# install_tree BUILD FOLDER MESON...: installs as with DESTDIR=FOLDER. The build directory's log of what was
# installed, which `ninja uninstall` reads, is that of this installation until restore_log. The caller has a folder $work.
install_tree() {
  log=$1/meson-logs/install-log.txt
  destdir=$2
  tree_build=$1
  shift 2
  [ ! -f "$log" ] || cp "$log" "$work/install-log.txt"
  DESTDIR=$destdir "$@" install -C "$tree_build" --no-rebuild >"$work/output" 2>&1 || {
    cat "$work/output"
    return 1
  }
}

restore_log() {
  if [ -f "$work/install-log.txt" ]; then cp "$work/install-log.txt" "$log"; else rm -f "$log"; fi
}
