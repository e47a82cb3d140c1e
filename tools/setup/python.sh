# SPDX-License-Identifier: Apache-2.0
# The virtual environment .venv: the analysis packages and the LibTorch wheel. While pip works in it
# it holds the mark .in-progress; an environment found with that mark is made anew.

find_python() {
  local python test
  test="import ensurepip, sys; sys.exit(sys.version_info < (${PYTHON_LEAST/./, }))"
  for python in "${TIGHTROPE_PYTHON:-python3}" /usr/bin/python3; do
    if "$python" -c "$test" >/dev/null 2>&1; then
      command -v "$python"
      return 0
    fi
  done
  die 1 "no Python $PYTHON_LEAST or newer with venv (Debian: python3-venv); name one by" \
    "TIGHTROPE_PYTHON"
}

pip_install() {
  # --no-deps: versions.env holds the whole closure. The index is whatever pip is configured to use.
  retry .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps \
    --retries 5 "$@"
}

make_environment() {
  rm -rf .venv
  "$1" -m venv .venv
}

packages_with_mark() {  # packages_with_mark NAMES...
  touch .venv/.in-progress
  pip_install "$@"
  rm -f .venv/.in-progress
}

setup_python() {
  local python key="$root $PYTHON_PACKAGES"
  if [[ ! -x .venv/bin/python || -e .venv/.in-progress ]] || ! stamp_is python "$key"; then
    rm -f "$state/python" "$state/torch"
    python=$(find_python)
    step venv "virtual environment .venv" make_environment "$python"
    # shellcheck disable=SC2086
    step python "analysis packages ($(wc -w <<<"$PYTHON_PACKAGES"))" \
      packages_with_mark $PYTHON_PACKAGES
    stamp python "$key"
  fi
  package_is_linked || link_package
}

# `import tightrope` is the folder analysis/python itself, by a line in the environment: nothing is
# copied, so nothing goes stale, and no index is asked.
package_is_linked() {
  local site
  for site in .venv/lib/python3*/site-packages; do
    [[ ! -d $site ]] || [[ -e $site/tightrope.pth &&
      $(<"$site/tightrope.pth") == "$root/analysis/python" ]] || return 1
  done
}

link_package() {
  local site
  for site in .venv/lib/python3*/site-packages; do
    [[ ! -d $site ]] || printf '%s\n' "$root/analysis/python" >"$site/tightrope.pth"
  done
}

check_torch_folder() {
  local file
  for file in include/ATen/ATen.h lib/libtorch_cpu.so lib/libc10.so; do
    [[ -e $1/$file ]] || die 2 "'$1' is not a LibTorch folder: it has no $file"
  done
}

setup_torch() {
  local wanted=$TORCH_PACKAGES size=0.5
  if [[ -n $torch_dir ]]; then
    check_torch_folder "$torch_dir"
    return 0
  fi
  [[ $gpu != yes ]] || { wanted+=$TORCH_GPU_PACKAGES; size=2.5; }
  if ! stamp_is torch "$wanted"; then
    # shellcheck disable=SC2086
    step torch "LibTorch wheel (about $size GB)" packages_with_mark $wanted
    stamp torch "$wanted"
  fi
}
