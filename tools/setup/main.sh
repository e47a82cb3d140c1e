# SPDX-License-Identifier: Apache-2.0
# What the launcher does besides routing: its help, the choices it remembers, and the whole set-up.

usage() {
  cat <<'TEXT'
usage: ./tightrope [--torch DIR] COMMAND [ARGUMENTS]     (COMMAND --help says more)

experiments
  run X.yaml      run an experiment        plan X.yaml      what it would run
  check X.yaml    check a file             status DIR       how far a run is
  table DIR       result tables            analyze DIR      ledger, measures, alarms
  report DIR      one HTML page of a run folder
  diff A B        what two runs differ in
  evaluate        a saved policy in another environment
change detectors
  detect NAME     alarms on a column       calibrate NAME   a threshold for a run length
two samples
  measure NAME    by how much they differ, beside what chance alone would say
many processes, other programs
  worker X.yaml   one share of a run       collect DIR      one file of all runs
  export          policies, metrics        (worker --shard i/n --out DIR)
calculators
  sample  oracle  objective  graph  dataset
what there is
  list [KIND]     describe KIND NAME       explain METRIC
the project itself
  setup           install and build only   (--torch DIR: your own LibTorch; --gpu: CUDA libraries)
  test [--quick]  all tests and checks     doctor           what is found and what is missing
  --version       --help

The first call installs what is missing and builds; later calls start at once.
TEXT
}

version() {
  local number revision
  number=$(sed -n 's/^project(tightrope VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
  revision=$(git -C "$root" describe --always --dirty --abbrev=12 '--exclude=*' 2>/dev/null) ||
    revision=unknown
  echo "tightrope $number ($revision)"
}

unknown_command() {
  local nearest
  # shellcheck disable=SC2086
  nearest=$(python3 -c 'import difflib, sys
print("".join(difflib.get_close_matches(sys.argv[1], sys.argv[2:], 1, 0.5)))' \
    "$1" $engine_commands $reader_commands $own_commands) || nearest=
  if [[ -n $nearest ]]; then
    die 2 "there is no command '$1'; did you mean '$nearest'?"
  fi
  die 2 "there is no command '$1'; ./tightrope --help lists them"
}

# The choices of an earlier call stay in force until another call changes them.
read_choices() {
  torch_dir=
  gpu=no
  if [[ -f $state/choices ]]; then
    { read -r torch_dir && read -r gpu; } <"$state/choices" || true
  fi
  torch_option=${torch_option:-${TIGHTROPE_TORCH_DIR:-}}
  case $torch_option in
    "") ;;
    wheel) torch_dir= ;;
    *)
      torch_dir=$(cd -- "$caller_folder" && realpath -m -- "$torch_option")
      check_torch_folder "$torch_dir"
      ;;
  esac
  gpu=${gpu_option:-$gpu}
}

# Pure bash, so that a call that finds everything in place starts within a few hundredths of a
# second: the text of versions.env and the choices are compared, and one `find` looks at the times.
is_ready() {
  stamp_is ready "$(ready_text)" && [[ -x .venv/bin/python && ! -e .venv/.in-progress ]] &&
    package_is_linked
}
ready_text() { printf '%s\n' "$root" "$torch_dir" "$gpu" "$(<"$tools/versions.env")"; }

take_lock() {
  mkdir -p "$state/log" 2>/dev/null || die 1 "cannot write in $root, which set-up needs"
  exec 9>"$state/lock"
  if ! flock -n 9; then
    say "tightrope: another launcher is setting up here; waiting for it"
    flock 9
  fi
}

prepare() {  # prepare BUILD_FUNCTION
  take_lock
  printf '%s\n%s\n' "$torch_dir" "$gpu" >"$state/choices"
  if ! is_ready; then
    say "tightrope: setting up (later calls skip this)"
    setup_packages
    setup_python
    setup_torch
    setup_configure
    stamp ready "$(ready_text)"
  fi
  [[ -f $build_folder/build.ninja ]] || setup_configure
  "$1"
  exec 9>&-
}

interrupted() {
  stop_progress
  die "$1" "interrupted; the next call goes on from the last finished step"
}

load() {
  cd -- "$root"
  export TIGHTROPE_HOME=$root
  source "$tools/versions.env"
  source "$tools/system.sh"
  source "$tools/python.sh"
  source "$tools/build.sh"
  trap stop_progress EXIT
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  read_choices
}

ensure_ready() {
  load
  if ! is_ready || ! build_is_current; then
    prepare build_programs
  fi
  trap - EXIT INT TERM
}
