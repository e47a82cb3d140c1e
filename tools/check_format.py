# SPDX-License-Identifier: Apache-2.0
"""check_format.py MAJOR: clang-format over all C++ files, by the pinned major version alone.

Prints the files that differ and exits 1 if there are any. With --fix it formats them.
"""

import pathlib
import re
import shutil
import subprocess
import sys


def formatter(major):
    for name in (f"clang-format-{major}", "clang-format"):
        program = shutil.which(name)
        if program:
            text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            found = re.search(r"version (\d+)", text)
            if found and found[1] == major:
                return program
    sys.exit(f"clang-format {major} is required; other versions format differently and are refused")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--fix"]
    fix = "--fix" in sys.argv
    program = formatter(arguments[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    files = [f for f in sorted(root.rglob("*")) if f.suffix in (".cc", ".h", ".cu", ".cuh")
             and f.relative_to(root).parts[0][0] != "."
             and f.relative_to(root).parts[0] != "build"]
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    differing = []
    for start in range(0, len(files), 40):
        result = subprocess.run([program, *mode, *map(str, files[start:start + 40])],
                                capture_output=True, text=True, cwd=root)
        differing += sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.M)))
        if result.returncode and not differing:
            sys.exit(result.stderr)
    for file in differing:
        print(f"{pathlib.Path(file).relative_to(root)}: not formatted")
    print(f"{len(files)} files, {len(differing)} not formatted"
          + (" (python3 tools/check_format.py MAJOR --fix)" if differing else ""))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
