# SPDX-License-Identifier: Apache-2.0
"""Checks that the documents say what the code says.

    python3 tools/check_docs.py [--update] [--engine PROGRAM] [ROOT]

- a block ```cpp file=PATH holds exactly that file;
- docs/reference is what `tightrope-engine describe --all` writes, with its index;
- every relative link points at something that is there;
- every `Suite.Test` of docs/ppo.md is a test.

Prints every difference as file:line and exits 1 if there is one; --update rewrites blocks and
reference pages instead.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), *(\w+)\)", re.MULTILINE)
HINT = "run tools/check_docs.py --update"


def documents(root):
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md")]
    return sorted(page for page in pages if page.is_file())


def line_of(text, place):
    return text.count("\n", 0, place) + 1


def check_blocks(root, page, update, problems):
    text = page.read_text()

    def replace(match):
        source = root / match[1]
        where = f"{page.relative_to(root)}:{line_of(text, match.start())}"
        if not source.is_file():
            problems.append(f"{where}: there is no file {match[1]}")
            return match[0]
        if source.read_text() == match[2]:
            return match[0]
        if not update:
            problems.append(f"{where}: the block is not {match[1]} any more; {HINT}")
        return match[0][: match[0].index("\n") + 1] + source.read_text() + "```"

    changed = BLOCK.sub(replace, text)
    if update and changed != text:
        page.write_text(changed)


def check_links(root, page, problems):
    text = page.read_text()
    for match in LINK.finditer(text):
        target = match[1]
        if "://" in target or target.startswith("mailto:"):
            continue
        if not (page.parent / target).exists():
            where = f"{page.relative_to(root)}:{line_of(text, match.start())}"
            problems.append(f"{where}: {target} does not exist")


def check_tests(root, problems):
    page = root / "docs/ppo.md"
    if not page.is_file():
        return
    tests = set()
    for source in root.glob("tests/*/*_test.cc"):
        tests.update(TEST.findall(source.read_text()))
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for suite, name in re.findall(r"`([A-Z]\w+)\.([A-Z]\w+)`", line):
            if (suite, name) not in tests:
                problems.append(f"docs/ppo.md:{number}: there is no test {suite}.{name}")


def index_of(pages):
    """The index page of {kind/name.md: text}: per kind a table of names and summaries."""
    out = ["# Reference", "",
           "Every registered component with its settings, by `tools/check_docs.py --update`.",
           "`./tightrope describe KIND NAME` prints the same as YAML to paste; `explain NAME`",
           "says what a metric measures.", ""]
    for kind in sorted({name.split("/")[0] for name in pages}):
        out += [f"## {kind}", "", "| name | what it is |", "|---|---|"]
        for name in sorted(name for name in pages if name.startswith(kind + "/")):
            summary = pages[name].split("\n")[2].removesuffix(".")
            out.append(f"| [`{pathlib.PurePath(name).stem}`]({name}) | {summary} |")
        out.append("")
    return "\n".join(out)


def generated(engine):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([engine, "describe", "--all", folder], check=True, capture_output=True)
        top = pathlib.Path(folder)
        pages = {str(f.relative_to(top)): f.read_text() for f in sorted(top.rglob("*.md"))}
    pages["README.md"] = index_of(pages)
    return pages


def check_reference(root, engine, update, problems):
    try:
        pages = generated(engine)
    except (OSError, subprocess.CalledProcessError) as error:
        problems.append(f"docs/reference: {engine} describe --all did not run: {error}")
        return
    folder = root / "docs/reference"
    present = {str(f.relative_to(folder)) for f in folder.rglob("*.md")}
    for name in sorted(present - set(pages)):
        if update:
            (folder / name).unlink()
        else:
            problems.append(f"docs/reference/{name}:1: nothing of this name is registered; {HINT}")
    for name, text in pages.items():
        page = folder / name
        if page.is_file() and page.read_text() == text:
            continue
        if update:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
        else:
            problems.append(f"docs/reference/{name}:1: not what the program writes; {HINT}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--update", action="store_true", help="rewrite what is out of date")
    parser.add_argument("--engine", help="default: ROOT/build/release/tightrope-engine")
    options = parser.parse_args()
    root = options.root.resolve()
    problems = []
    engine = options.engine or str(root / "build/release/tightrope-engine")
    check_reference(root, engine, options.update, problems)
    check_tests(root, problems)
    for page in documents(root):
        check_blocks(root, page, options.update, problems)
        check_links(root, page, problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
