# SPDX-License-Identifier: Apache-2.0
"""Puts the tables of a finished run into a reproduction page.

    python3 tools/refresh_reproduction.py RUN_FOLDER [PAGE]

Replaces what stands between `<!-- begin NAME -->` and `<!-- end -->` by RUN_FOLDER/tables/NAME.md,
for every such pair of markers. PAGE: docs/reproduction/EXPERIMENT.md of the run's experiment.
"""

import json
import pathlib
import re
import sys

MARKED = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(text, tables):
    """The page's text with every marked part replaced; `tables` maps names to texts."""
    missing = sorted({match[2] for match in MARKED.finditer(text)} - set(tables))
    if missing:
        raise SystemExit(f"the run has no table {', '.join(missing)}; it has {', '.join(tables)}")
    if not MARKED.search(text):
        raise SystemExit("the page has no <!-- begin NAME --> ... <!-- end --> part")
    return MARKED.sub(lambda match: match[1] + tables[match[2]].strip() + "\n" + match[3], text)


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__.split("\n\n")[1].strip())
    folder = pathlib.Path(sys.argv[1])
    tables = {f.stem: f.read_text() for f in sorted((folder / "tables").glob("*.md"))}
    if len(sys.argv) == 3:
        page = pathlib.Path(sys.argv[2])
    else:
        name = json.loads((folder / "run.json").read_text())["experiment"]
        root = pathlib.Path(__file__).resolve().parent.parent
        page = root / "docs/reproduction" / f"{name}.md"
    page.write_text(refreshed(page.read_text(), tables))
    print(page)


if __name__ == "__main__":
    main()
