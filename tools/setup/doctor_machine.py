# SPDX-License-Identifier: Apache-2.0
"""The doctor's part that looks at the machine: processor, tools, CUDA. Standard library only."""

import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
missing_lines = []


def output(*command):
    """The first line that the command prints, or None if it is absent or fails."""
    if not shutil.which(command[0]):
        return None
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None if result.returncode == 0 else None


def line(state, what, found):
    if state == "MISSING":
        missing_lines.append(what)
    print(f"{state:9}{what:31}{found}")


def numbers(text):
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def tool(what, command, least, install):
    text = output(*command)
    found = re.search(r"\d+(\.\d+)+|\d+", text.splitlines()[0]) if text else None
    if not found:
        line("MISSING", what, f"not found; {install}")
    elif numbers(found[0]) < numbers(least):
        line("MISSING", what, f"{found[0]}; {least} or newer is needed")
    else:
        line("OK", what, found[0])


def machine(pins):
    release = {}
    if os.path.exists("/etc/os-release"):
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)', open("/etc/os-release").read(), re.M))
    name = release.get("PRETTY_NAME", "unknown")
    wanted = ("debian", pins["DEBIAN_RELEASE"][0])
    tested = (release.get("ID"), release.get("VERSION_ID")) == wanted
    line("OK", "system", name + ("" if tested else " (tested on Debian 12 only)"))
    info = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    flags = set(re.search(r"^flags\s*:(.*)$", info, re.M)[1].split()) if "flags" in info else set()
    model = re.search(r"^model name\s*:\s*(.*)$", info, re.M)
    vector = [f for f in ("sse4_2", "avx2", "fma", "avx512f", "avx512_bf16") if f in flags]
    line("OK", "processor", model[1] if model else "unknown")
    line("OK" if "avx2" in flags else "optional", "CPU features",
         ", ".join(vector) + ("" if "avx2" in flags else " (without avx2 it runs, slower)"))
    line("OK", "threads", f"{len(os.sched_getaffinity(0))} usable")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    line("OK" if memory >= 3.5 else "MISSING", "memory", f"{memory:.1f} GiB")
    free = shutil.disk_usage(ROOT).free / 2**30
    line("OK" if free >= 3 or (ROOT / ".setup/ready").exists() else "MISSING", "disk",
         f"{free:.1f} GiB free (set-up takes 3)")


def tools(pins):
    install = "install the Debian packages (./tightrope setup)"
    tool("compiler g++", ["g++", "-dumpfullversion"], pins["GXX_LEAST"][0], install)
    tool("cmake", ["cmake", "--version"], pins["CMAKE_LEAST"][0], install)
    tool("ninja", ["ninja", "--version"], "1.10", install)
    tool("python", ["python3", "--version"], pins["PYTHON_LEAST"][0], install)
    tool("git", ["git", "--version"], "2.0", install)
    major = pins["CLANG_FORMAT_MAJOR"][0]
    tool("clang-format", [f"clang-format-{major}", "--version"], major, install)


def gpu():
    text = output("nvcc", "--version") or output("/usr/local/cuda/bin/nvcc", "--version")
    found = re.search(r"release ([\d.]+)", text or "")
    line("OK" if found else "optional", "CUDA toolkit", found[1] if found else "no nvcc")
    cards = output("nvidia-smi", "--query-gpu=name,driver_version,memory.total",
                   "--format=csv,noheader")
    for card in (cards or "").splitlines():
        name, driver, memory = [part.strip() for part in card.split(",")]
        line("OK", "GPU", f"{name}, {memory}, driver {driver}")
    if not cards:
        line("optional", "GPU", "none found (no nvidia-smi or no driver)")
