# SPDX-License-Identifier: Apache-2.0
# The Debian packages: installed when we are root, else the line an administrator must run.

missing_packages() {  # missing_packages NAMES...
  local package
  for package in "$@"; do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
      installed*) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

install_packages() {  # install_packages NAMES...
  export DEBIAN_FRONTEND=noninteractive
  local options=(-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  # After an interrupted installation dpkg refuses to go on until it has caught up.
  [[ -z "$(dpkg --audit)" ]] || dpkg --configure -a
  retry apt-get update "${options[@]}"
  retry apt-get install -y --no-install-recommends "${options[@]}" "$@"
}

setup_packages() {
  local missing
  stamp_is packages "$APT_PACKAGES" && return 0
  if [[ -n ${TIGHTROPE_SKIP_PACKAGES:-} ]]; then
    say "  system packages: not looked at (TIGHTROPE_SKIP_PACKAGES is set)"
    return 0
  fi
  command -v dpkg-query >/dev/null || die 1 "this is not a Debian system. Install the equivalents" \
    "of the packages in tools/setup/versions.env, then call with TIGHTROPE_SKIP_PACKAGES=1"
  missing=$(missing_packages $APT_PACKAGES)
  if [[ -n $missing ]]; then
    if ((EUID != 0)); then
      say "tightrope: system packages are missing, and only an administrator can install them:"
      say ""
      say "  apt-get update && apt-get install -y --no-install-recommends ${missing% }"
      say ""
      exit 1
    fi
    # shellcheck disable=SC2086
    step packages "system packages ($(wc -w <<<"$missing") missing)" install_packages $missing
    missing=$(missing_packages $APT_PACKAGES)
    [[ -z $missing ]] || die 1 "apt-get succeeded, but these packages are still missing: $missing"
  fi
  stamp packages "$APT_PACKAGES"
}

# What only the tests use. Without it they skip what needs it, and say so.
setup_test_packages() {
  local missing
  # shellcheck disable=SC2086
  missing=$(missing_packages $TEST_APT_PACKAGES)
  [[ -n $missing ]] || return 0
  if ((EUID != 0)) || [[ -n ${TIGHTROPE_SKIP_PACKAGES:-} ]]; then
    say "  packages for tests are missing, what needs them is skipped: ${missing% }"
    return 0
  fi
  # shellcheck disable=SC2086
  step test-packages "packages for tests" install_packages $missing
}
