# SPDX-License-Identifier: Apache-2.0
"""tightrope doctor: what this machine has and what is missing.

One line a thing: OK, MISSING (required; the exit code is then 1) or optional (absent, and not
needed). Standard library only, so that it runs before anything is set up.
"""

import os
import pathlib
import re
import shutil
import signal
import sys

from doctor_machine import ROOT, gpu, line, machine, missing_lines, output, tools


def versions():
    text = (ROOT / "tools/setup/versions.env").read_text()
    return {name: words.split() for name, words in re.findall(r'^(\w+)="([^"]*)"', text, re.M)}


def packages(pins):
    if not shutil.which("dpkg-query"):
        line("optional", "Debian packages", "not a Debian system: cmake says what is missing")
        return
    absent = []
    for name in pins["APT_PACKAGES"]:
        found = output("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name)
        if not found or not found.startswith("installed"):
            absent.append(name)
        elif name.startswith("lib") or name.startswith("nlohmann"):
            line("OK", "  " + name, found.split()[1])
    if absent:
        line("MISSING", "Debian packages", " ".join(absent))
        print("         as root: apt-get install -y --no-install-recommends " + " ".join(absent))
    else:
        line("OK", "Debian packages", f"all {len(pins['APT_PACKAGES'])}")


def plain(name):
    """A package's name as the index compares names."""
    return name.lower().replace("_", "-")


def site_packages():
    return next(iter(sorted(ROOT.glob(".venv/lib/python3*/site-packages"))), None)


def environment(pins):
    folder = site_packages()
    if folder is None or (ROOT / ".venv/.in-progress").exists():
        line("MISSING", "Python packages", ".venv is not made yet: ./tightrope setup")
        return
    have = {}
    for info in folder.glob("*.dist-info"):
        name, _, version = info.name[: -len(".dist-info")].partition("-")
        have[plain(name)] = version
    wrong = [pin for pin in pins["PYTHON_PACKAGES"]
             if have.get(plain(pin.split("==")[0])) != pin.split("==")[1]]
    if wrong:
        line("MISSING", "Python packages", " ".join(wrong) + ": ./tightrope setup")
    else:
        line("OK", "Python packages", f"all {len(pins['PYTHON_PACKAGES'])} as pinned, in .venv")
    link = folder / "tightrope.pth"
    if link.exists() and link.read_text().strip() == str(ROOT / "analysis/python"):
        line("OK", "import tightrope", "analysis/python, in .venv")
    else:
        line("MISSING", "import tightrope", "not in .venv: ./tightrope setup")


def torch():
    choices = ROOT / ".setup/choices"
    own = os.environ.get("TIGHTROPE_TORCH_DIR") or (
        choices.read_text().splitlines()[0] if choices.exists() and choices.read_text() else "")
    packages_folder = site_packages()
    folder = pathlib.Path(own) if own and own != "wheel" else (packages_folder or ROOT) / "torch"
    if not (folder / "lib/libtorch_cpu.so").exists():
        place = folder if packages_folder or own else ".venv"
        line("MISSING", "LibTorch", f"not in {place}: ./tightrope setup, or --torch DIR")
        return
    text = "".join(path.read_text() for path in [
        folder / "include/torch/headeronly/version.h",
        folder / "include/torch/csrc/api/include/torch/version.h"] if path.exists())
    version = ".".join(re.findall(r"define TORCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text)[:3])
    line("OK", "LibTorch", f"{version or 'unknown version'} in {folder}")


def build():
    for name in ("tightrope-engine", "tightrope-reader"):
        program = ROOT / "build/release" / name
        if program.exists():
            line("OK", name, str(program))
        else:
            line("optional", name, "not built yet: the first ./tightrope run builds it")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `doctor | head` ends quietly
    pins = versions()
    machine(pins)
    tools(pins)
    packages(pins)
    environment(pins)
    torch()
    build()
    gpu()
    missing = len(missing_lines)
    print(f"{missing} required things are missing" if missing else "nothing required is missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
