# SPDX-License-Identifier: Apache-2.0
"""Small rules that every file of the project keeps: size, licence line, no machine's own paths.

Prints every violation as file:line and exits 1 if there is one. With a folder as argument, checks
that tree instead of the one this script lies in.
"""

import pathlib
import re
import subprocess
import sys

SOURCE = {".cc", ".h", ".cu", ".cuh", ".py", ".sh", ".cmake"}
LICENSED = SOURCE | {".env"}
LICENSED_NAMES = {"CMakeLists.txt", "tightrope", "run"}
TEXT = LICENSED | {".md", ".txt", ".yaml", ".yml", ".json", ".toml", ".cff", ""}
MOST_LINES = 600
LICENCE = "SPDX-License-Identifier: Apache-2.0"

# Built from pieces, so that this file does not find itself.
FORBIDDEN = [
    (re.compile(r"(?<![\w./~-])/(work|root|home/\w+)/"), "a path of one machine"),
    (re.compile(r"\.\./sha" + r"red/"), "a path outside the project"),
    (re.compile(r"https?://(\w+\.)*(py" + r"pi|python" + r"hosted|deb\.deb" + r"ian)\."),
     "the host of a package registry"),
    (re.compile(r"<<<<" + r"<<< |>>>>" + r">>> "), "a conflict mark"),
]


def files_of(root):
    """Tracked and new files where there is git, else all outside hidden and build folders."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listing.returncode == 0 and (root / ".git").exists():
        names = [name.decode() for name in listing.stdout.split(b"\0") if name]
        return sorted(root / name for name in set(names) if (root / name).is_file())
    hidden = {".git", ".venv", ".setup", "build", "__pycache__", "runs"}
    return sorted(f for f in root.rglob("*")
                  if f.is_file() and not hidden & set(f.relative_to(root).parts))


def problems_of(path, text):
    lines = text.splitlines()
    if path.suffix in SOURCE and len(lines) > MOST_LINES:
        yield MOST_LINES + 1, f"{len(lines)} lines; the most is {MOST_LINES}"
    if path.suffix in LICENSED or path.name in LICENSED_NAMES:
        if not any(LICENCE in line for line in lines[:2]):
            yield 1, f"no '{LICENCE}' in the first two lines"
    for number, line in enumerate(lines, 1):
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                yield number, f"{what}: {line.strip()[:80]}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parent.parent
    count = found = 0
    for file in files_of(root):
        if file.suffix not in TEXT or file.stat().st_size > 4_000_000:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            if file.suffix not in LICENSED:
                continue  # test data that is broken on purpose
            text = file.read_text(encoding="latin-1")
        count += 1
        for number, problem in problems_of(file, text):
            found += 1
            print(f"{file.relative_to(root)}:{number}: {problem}")
    print(f"{count} files, {found} violations of the file rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
