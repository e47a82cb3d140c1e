# SPDX-License-Identifier: Apache-2.0
# ./tightrope test: everything is built and every suite runs, also after one failed.

failed_parts=()

part() {  # part TITLE COMMAND...
  local title=$1
  shift
  echo
  echo "== $title"
  "$@" || failed_parts+=("$title")
}

run_tests() {
  local ctest_options=() pytest_options=() argument
  for argument in "$@"; do
    case $argument in
      --quick)
        ctest_options=(-LE slow)
        pytest_options=(-m "not slow")
        ;;
      *) die 2 "test knows --quick, not '$argument'" ;;
    esac
  done
  load
  prepare build_everything
  setup_test_packages
  local python=.venv/bin/python
  part "include table" "$python" tools/check_includes.py
  part "files" "$python" tools/check_files.py
  part "format" "$python" tools/check_format.py "$CLANG_FORMAT_MAJOR"
  part "ruff" "$python" -m ruff check --no-cache tools tests analysis
  part "documents" "$python" tools/check_docs.py
  part "ctest" ctest --test-dir "$build_folder" --output-on-failure -j 2 "${ctest_options[@]}"
  part "pytest" "$python" -m pytest "${pytest_options[@]}" tests
  echo
  if ((${#failed_parts[@]})); then
    echo "failed: ${failed_parts[*]}"
    exit 1
  fi
  echo "all checks and tests passed"
}
