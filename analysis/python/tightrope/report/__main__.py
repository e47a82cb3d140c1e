# SPDX-License-Identifier: Apache-2.0
"""``tightrope report DIR``. Exit codes: 0 done, 2 bad input, 1 anything else."""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys

from .._pack import Pack
from ._page import run_folder, write


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tightrope report", allow_abbrev=False,
        description="Write one HTML page of a run folder: tables beside the published figures, "
                    "claims, curves, ledger, belief traces, drift, provenance.")
    parser.add_argument("folder", metavar="DIR", help="a run folder")
    parser.add_argument("--out", metavar="FILE", help="the page; default DIR/report.html")
    parser.add_argument("--cases", metavar="N", type=int, default=3,
                        help="cases whose belief is traced, 0 to 12 (default 3)")
    parser.add_argument("--no-analyze", action="store_true",
                        help="do not run `tightrope analyze` where its files are missing")
    return parser


def _analyze(folder: str) -> None:
    """Lets the reader write the ledger where a finished log has none. The launcher names the
    reader. A folder that is analysed throughout is left alone, for the sake of its options."""
    reader = os.environ.get("TIGHTROPE_READER")
    log = run_folder(folder)
    if not reader or "tokens_full" not in log:
        return
    names = {segment.pack for run in log.manifest.runs for segment in run.path}
    packs = [pack for pack in (Pack(log.folder, name) for name in names) if pack.finished()]
    lacking = sum(not pack.analysed("ledger") for pack in packs)
    if not lacking:
        return
    print(f"tightrope report: `tightrope analyze` is called, {lacking} of {len(packs)} logs have "
          "no ledger", file=sys.stderr)
    done = subprocess.run([reader, "analyze", folder], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        print("tightrope report: `tightrope analyze` failed; the page has the ledgers that were "
              "there", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Writes the page and prints its path; one clear line and 2 for bad input."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if not 0 <= args.cases <= 12:
        parser.error(f"--cases {args.cases}: 0 to 12 cases can be traced")
    out = pathlib.Path(args.out) if args.out else pathlib.Path(args.folder) / "report.html"
    try:
        if not args.no_analyze:
            _analyze(args.folder)
        size = write(args.folder, out, cases=args.cases)
    except (ValueError, OSError) as error:
        print(f"tightrope report: {error}", file=sys.stderr)
        return 2
    print(f"wrote {out} ({size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
