# SPDX-License-Identifier: Apache-2.0
# Configure and build the preset `release`, and the cheap test whether a build is due.

build_folder=build/release
engine=$build_folder/tightrope-engine
reader=$build_folder/tightrope-reader

# True when nothing that the programs are made of is newer than the last successful build. Folders
# count too (their time changes when a file is added or removed), and so does the last commit,
# whose revision the programs print.
build_is_current() {
  [[ -x $engine && -x $reader && -f $state/built ]] || return 1
  local commit=.git/logs/HEAD
  [[ -f $commit ]] || commit=
  # shellcheck disable=SC2086
  [[ -z "$(find core graph drift policies optimizers experts experiments analysis cmake \
    CMakeLists.txt CMakePresets.json $commit -newer "$state/built" \
    \( -type d -o -name '*.cc' -o -name '*.h' -o -name '*.cmake' -o -name 'CMake*' -o -name HEAD \) \
    -print -quit)" ]]
}

setup_configure() {
  local key="$root torch=$torch_dir"
  if stamp_is configure "$key" && [[ -f $build_folder/build.ninja ]]; then
    return 0
  fi
  # A build folder that was made for another place cannot be used again.
  if [[ -f $build_folder/CMakeCache.txt ]] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build_folder/CMakeCache.txt"; then
    rm -rf "$build_folder"
  fi
  step configure "configure" cmake --preset release "-DTIGHTROPE_TORCH_DIR=$torch_dir"
  stamp configure "$key"
}

build_programs() {
  build_is_current && return 0
  mkdir -p "$state"
  touch "$state/built.new"
  step build "build" ninja -C "$build_folder" tightrope-engine tightrope-reader
  mv -f "$state/built.new" "$state/built"
}

build_everything() {
  touch "$state/built.new"
  step build-tests "build with all tests" ninja -C "$build_folder"
  mv -f "$state/built.new" "$state/built"
}
