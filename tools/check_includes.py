# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the include table of the project, checked against the source.

Prints every violation as file:line and exits 1 if there is one. With a folder as argument, checks
that tree instead of the one this script lies in.
"""

import pathlib
import re
import sys

BASE = ["core/base"]
READER = ["core/base", "core/config", "core/registry", "core/log", "core/stats", "core/tables",
          "core/text", "core/detectors", "core/commands", "core/random"]
RUNNING = ["core", "graph", "drift", "policies", "optimizers", "experts", "rewards",
           "experiments"]

# Folder -> what it may include besides itself. The longest matching folder rules; a folder that is
# not here may not hold C++.
MAY_INCLUDE = {
    "core/base": ["tightrope_version.h"],
    "core/random": BASE,
    "core/config": BASE + ["core/random"],
    "core/stats": BASE + ["core/random"],
    "core/text": BASE,
    "core/registry": BASE + ["core/config", "tightrope_version.h"],
    "core/commands": BASE + ["core/registry"],
    "core/detectors": BASE + ["core/config", "core/registry", "core/random"],
    "core/log": BASE + ["core/config"],
    "core/tables": BASE + ["core/config", "core/log", "core/stats"],
    "core/api": ["core"],
    "drift": ["core"],
    "policies": ["core"],
    "optimizers": ["core"],
    "rewards": ["core"],
    "graph": ["core"],
    "experts": ["core", "graph"],
    "experiments": RUNNING,
    "analysis": READER,
    "tests": RUNNING + ["analysis", "tests"],
    "docs": RUNNING,
    "cmake": [],
}
OURS = set(RUNNING) | {"analysis", "tests", "docs"}

# Parts from elsewhere: pattern of the include, where it may stand, which files.
PARTS = [
    (r"yaml-cpp/", "yaml-cpp", [("core/config", ".cc")]),
    (r"(hdf5|H5[A-Za-z]*|hdf5_hl)\.h$", "HDF5", [("core/log", ".cc"), ("tests", ".cc")]),
    (
        r"(ATen|torch|c10|caffe2)/",
        "LibTorch",
        [("tests/torch", ""), ("policies/transformer/autograd", "")],
    ),
    (r"random$", "<random>", []),
]

# Hidden randomness: only core/random draws, and its streams are values.
RANDOM = re.compile(
    r"random_device|mt19937|default_random_engine|manual_seed|\bs?rand(48)?\(|\bdrand48\b"
    r"|seed\w*\s*[({=][^;]*(time\s*\(|_clock::now)"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def rule_of(path):
    folders = [folder for folder in MAY_INCLUDE if inside(path, folder)]
    return max(folders, key=len) if folders else None


def include_problem(path, bracket, target):
    for pattern, name, places in PARTS:
        if re.match(pattern, target) and (bracket == "<" or "/" in target or name == "HDF5"):
            if not any(inside(path, place) and path.endswith(end) for place, end in places):
                return f"{name} may not be included here"
            return None
    if bracket == "<" or (target.split("/")[0] not in OURS and target != "tightrope_version.h"):
        return None
    rule = rule_of(path)
    if any(inside(target, folder) for folder in [rule, *MAY_INCLUDE[rule]]):
        return None
    return f"{rule} may not include {target}"


def problems_of(root, file):
    path = file.relative_to(root).as_posix()
    if rule_of(path) is None:
        yield 1, "C++ in a folder that the include table does not know"
        return
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            problem = include_problem(path, include[1], include[2])
            if problem:
                yield number, problem
        elif not path.startswith("core/random/") and RANDOM.search(line.split("//")[0]):
            yield number, "randomness outside core/random"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parent.parent
    count = found = 0
    for file in sorted(root.rglob("*")):
        first = file.relative_to(root).parts[0]
        if file.suffix not in (".cc", ".h", ".cu", ".cuh") or first[0] == "." or first == "build":
            continue
        count += 1
        for number, problem in problems_of(root, file):
            found += 1
            print(f"{file.relative_to(root)}:{number}: {problem}")
    print(f"{count} files, {found} violations of the include table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
