# SPDX-License-Identifier: Apache-2.0
"""Puts the page together and writes it."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from .. import plot
from .._log import Log
from .._log import open as open_log
from .._tables import parse_column, seed_sets
from ._cases import traced_cases
from ._chart import Chart, render
from ._drift import drift
from ._provenance import head, provenance
from ._results import judged_claims, result_tables

_ARMS, _LEDGERS, _RASTER = 12, 10, 6  # arms of one picture, ledgers of a page, arms of a raster

#: The page must stay below this size.
MOST_BYTES = 5_000_000

_HERE = pathlib.Path(__file__).parent


def _version() -> str:
    try:
        return importlib.metadata.version("tightrope")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _columns(log: Log, columns: list[str], most: int = 2) -> list[str]:
    """The first columns that are different metrics and change in training."""
    fixed = {"oracle_accuracy"}
    out: dict[str, str] = {}
    for text in columns:
        if parse_column(text).metric not in fixed:
            out.setdefault(parse_column(text).metric, text)
    return list(out.values())[:most] or [str(next(iter(log.evaluation.data_vars)))]


def _curves(log: Log) -> list[Chart]:
    specs = log.manifest.tables or [{"name": "all arms", "rows": [], "columns": []}]
    seed_set = seed_sets(log.manifest)[0]
    there = set(log.runs.row.values[log.runs.seed_set.values == seed_set].tolist())
    out = []
    for spec in specs[:4]:
        arms = [name for name in spec["rows"] or log.manifest.rows if name in there]
        note = "" if len(arms) <= _ARMS else f" The first {_ARMS} of {len(arms)} arms."
        for column in _columns(log, spec["columns"]) if arms else []:
            chart = plot.learning_curves(log, column, arms=arms[:_ARMS], seed_set=seed_set)
            out.append(render(f"{column}, {spec['name']}", chart,
                              f"Mean over {seed_set} seeds; band: 95 % t interval.{note}"))
    return out


def _ledger(log: Log) -> list[Chart]:
    """One waterfall per arm of the tables, the first of each table at most."""
    there = set(log.runs.row.values.tolist())
    named = [arm for spec in log.manifest.tables for arm in spec["rows"]] or log.manifest.rows
    arms = [arm for arm in dict.fromkeys(named) if arm in there]
    note = "" if len(arms) <= _LEDGERS else f" The first {_LEDGERS} of {len(arms)} arms."
    return [render(f"Ledger: {arm}", plot.ledger_waterfall(log, arm=arm),
                   "Beneficial drift upwards, detrimental downwards; the dot is the net, what the "
                   f"KL to the oracle fell by.{note}") for arm in arms[:_LEDGERS]]


def _alarms(log: Log) -> list[Chart]:
    seed_set = seed_sets(log.manifest)[0]
    rows = log.runs.row.values[log.runs.seed_set.values == seed_set]
    arms = list(dict.fromkeys(rows.tolist()))[:_RASTER]
    return [render("Alarms", plot.alarm_raster(log, arms=arms),
                   "One line per run; rules mark true events of the drift processes.")]


# Group that a part needs, its id, title, introduction and charts.
_Part = tuple[str, str, str, str, Callable[[Log], list[Chart]]]
_PARTS: list[_Part] = [
    ("evaluation", "curves", "Learning curves",
     "Evaluated on fresh cases of the named environments during training.", _curves),
    ("ledger", "ledger", "Ledger",
     "How far training moved the policy towards the exact oracle (beneficial) and away from it or "
     "past it (detrimental), in nat per sequence, thinking and outcome apart.", _ledger),
    ("alarms", "alarms", "Alarms", "What change detectors saw in the training series.", _alarms),
]


def _contents(log: Log, cases: int) -> dict[str, Any]:
    tables, claims, traced = result_tables(log), judged_claims(log), traced_cases(log, cases)
    parts = [(key, title, text, charts(log)) for group, key, title, text, charts in _PARTS
             if group in log]
    sections = [("results", "Results")] * bool(tables) + [("claims", "Claims")] * bool(claims)
    sections += [(part[0], part[1]) for part in parts]
    sections += [("beliefs", "Belief traces")] * bool(traced)
    sections += [("drift", "Drift"), ("provenance", "Provenance")]
    written = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"head": head(log, _version(), written), "tables": tables, "claims": claims,
            "parts": parts, "cases": traced, "drift": drift(log), "sections": sections,
            "provenance": provenance(log), "has_charts": True,
            "published": any(table["source"] for table in tables)}


def _script_safe(source: str) -> Markup:
    """JavaScript inside a script element: what would end it or open a comment only ever stands in
    string literals, where ``\\x3c`` is the same character."""
    return Markup(re.sub(r"<(?=!--|/?script)", r"\\x3c", source))


def page(folder: str | os.PathLike[str], *, cases: int = 3) -> str:
    """The page of a run folder as text.

    ``cases``: how many belief traces. Raises what ``tightrope.open`` raises.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True,
                                     loader=jinja2.FileSystemLoader(_HERE))
    bundle = vl_convert.javascript_bundle("window.tightropeEmbed = vegaEmbed;")
    return environment.get_template("page.html.j2").render(
        **_contents(open_log(folder), cases),
        style=Markup((_HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "script.js").read_text(encoding="utf-8")),
        bundle=_script_safe(bundle))


def write(folder: str | os.PathLike[str], out: str | os.PathLike[str], *, cases: int = 3) -> int:
    """Writes the page, replacing ``out`` in one step. Returns its size in bytes.

    Raises ValueError when it would pass 5 MB, and what ``tightrope.open`` raises; then nothing is
    written.
    """
    text = page(folder, cases=cases).encode("utf-8")
    if len(text) > MOST_BYTES:
        raise ValueError(f"the page would have {len(text) / 1e6:.1f} MB, more than 5: ask for "
                         f"fewer than {cases} cases (--cases)")
    target = pathlib.Path(out)
    scratch = target.with_name(target.name + ".new")
    scratch.write_bytes(text)
    os.replace(scratch, target)
    return len(text)
