# SPDX-License-Identifier: Apache-2.0
"""The tables and claims of a run folder, with the numbers of ``tightrope table``."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ._errors import check_choice, listed
from ._log import Log
from ._log import open as open_log
from ._manifest import Manifest
from ._statistics import mean_interval


@dataclass(frozen=True)
class Column:
    """``metric(environment, subset)``, as tables and claims name values."""

    metric: str
    environment: str = ""
    subset: str = "all"


def parse_column(text: str) -> Column:
    """Reads ``accuracy``, ``accuracy(target)`` or ``accuracy(target, entangled)``.

    >>> parse_column("accuracy(target, entangled)")
    Column(metric='accuracy', environment='target', subset='entangled')
    """
    match = re.fullmatch(r"\s*([^()\s,]+)\s*(?:\(\s*([^(),]+?)\s*(?:,\s*([^(),]+?)\s*)?\))?\s*",
                         text)
    if match is None:
        raise ValueError(f'cannot read the column "{text}": expected metric(environment) or '
                         "metric(environment, subset), for example accuracy(target, entangled)")
    return Column(match[1], match[2] or "", match[3] or "all")


def column_values(evaluation: xr.Dataset, column: str) -> xr.DataArray:
    """The column's array without the dimensions ``environment`` and ``subset``.

    Without an environment it is the first. ValueError names what is allowed.
    """
    wanted = parse_column(column)
    check_choice("metric", wanted.metric, [str(name) for name in evaluation.data_vars])
    environment = wanted.environment or str(evaluation.environment.values[0])
    check_choice("environment", environment, evaluation.environment.values.tolist())
    check_choice("subset", wanted.subset, evaluation.subset.values.tolist())
    return evaluation[wanted.metric].sel(environment=environment, subset=wanted.subset)


def final_values(log: Log, metrics: Iterable[str] | None = None) -> xr.Dataset:
    """The evaluation at the last checkpoint of each run's last stage, with the dimension ``run``.

    A run whose last pack has not finished has none. ``metrics``: those alone. ValueError when the
    log is cut so that it lacks the end of a finished run.
    """
    rows = np.arange(log.runs.sizes["run"])
    ends, stages = log.runs.last_stage.values, np.atleast_1d(log.runs.stage.values).tolist()
    if not set(ends) <= set(stages):
        raise ValueError(f"a run ends in its last stage, {sorted(set(ends) - set(stages))[0]}, "
                         f"which is not in this log (it has: {listed(stages)})")
    staged = "stage" in log.runs.dims
    lead = (rows, np.array([stages.index(name) for name in ends])) if staged else (rows,)
    finished = np.isin(log.runs.status.values[lead], ("done", "diverged"))
    data = log.evaluation if metrics is None else log.evaluation[sorted(set(metrics))]
    if "checkpoint" not in data.dims:
        data = data.expand_dims("checkpoint", axis=len(lead))
    at = _end_places(log.runs, data.checkpoint.values.tolist(), finished)
    out = {}
    for name, variable in data.data_vars.items():
        final = variable.values[(*lead, at)]
        final[~finished] = np.nan
        out[name] = (("run", *variable.dims[len(lead) + 1:]), final, variable.attrs)
    kept = {k: v for k, v in data.coords.items() if not {"stage", "checkpoint"} & set(v.dims)}
    return xr.Dataset(out, kept)


def _end_places(runs: xr.Dataset, checkpoints: list[int], finished: np.ndarray) -> np.ndarray:
    """Per run the place of its last checkpoint; 0 for unfinished ones, which are blanked."""
    places = {step: place for place, step in enumerate(checkpoints)}
    ends = runs.last_checkpoint.values.tolist()
    for run, step, whole in zip(runs.run.values.tolist(), ends, finished, strict=True):
        if whole and step not in places:
            raise ValueError(f"the run {run} ends at the checkpoint {step}, which is not in this "
                             f"log (it has: {listed(checkpoints)})")
    return np.array([places.get(step, 0) for step in ends])


def seed_sets(manifest: Manifest) -> list[str]:
    """The seed sets of the plan, the one that tables and claims are judged on first."""
    there = {run.seed_set for run in manifest.runs}
    first = [name for name in ("confirm", "explore") if name in there]
    return first + sorted(there - set(first))


def _published(table: dict, arm: str, column: str) -> float:
    """The published figure of an arm and column, NaN without one."""
    for name, figure in (table["published"] or {"rows": []})["rows"]:
        if name == arm:
            if not isinstance(figure, dict):
                return float(figure)
            cells = {parse_column(key): value for key, value in figure.items()}
            return float(cells.get(parse_column(column), np.nan))
    return np.nan


def _needs_folder(path: str | os.PathLike[str]) -> None:
    if pathlib.Path(path).is_file():
        raise ValueError(f"{path} is a file: tables and claims stand in the plan of a run folder")


def table(folder: str | os.PathLike[str], name: str | None = None,
          seed_set: str | None = None) -> pd.DataFrame:
    """A result table: measured means with 95 % t intervals over seeds beside published figures.

    One line per arm and column, with the columns of ``tables/NAME.csv``: table, seed_set, arm,
    column, n, mean, half_width, low, high, deviation, published. A published figure that stands for
    a whole arm, not for one column, is repeated on each of the arm's lines. Computed from the logs,
    so it also serves a run that goes on. ``name``: by default the first table; ``seed_set``: by
    default ``confirm`` where it exists. ``attrs`` hold ``source`` and ``unit`` of the published
    figures.

    >>> tightrope.table(folder).columns[:4].tolist()
    ['table', 'seed_set', 'arm', 'column']

    Raises ValueError for an unknown table or seed set, and what ``tightrope.open`` raises.
    """
    _needs_folder(folder)
    log = open_log(folder)
    manifest = log.manifest
    names = [spec["name"] for spec in manifest.tables]
    if not names:
        raise ValueError(f"{folder}: its experiment declares no table (`tables:`)")
    name = names[0] if name is None else name
    check_choice("table", name, names)
    seed_set = seed_sets(manifest)[0] if seed_set is None else seed_set
    check_choice("seed set", seed_set, seed_sets(manifest))
    spec = manifest.tables[names.index(name)]
    final = final_values(log, {parse_column(text).metric for text in spec["columns"]})
    arms, seeds = final.row.values, final.seed.values
    lines = []
    for arm in spec["rows"] or manifest.rows:
        keep = np.flatnonzero((arms == arm) & (final.seed_set.values == seed_set))
        keep = keep[np.argsort(seeds[keep], kind="stable")]
        for column in spec["columns"]:
            cell = mean_interval(column_values(final, column).values[keep])
            lines.append([name, seed_set, arm, column, cell.n, cell.mean, cell.half_width, cell.low,
                          cell.high, cell.deviation, _published(spec, arm, column)])
    out = pd.DataFrame(lines, columns=["table", "seed_set", "arm", "column", "n", "mean",
                                       "half_width", "low", "high", "deviation", "published"])
    published = spec["published"] or {}
    out.attrs = {"source": published.get("source", ""), "unit": published.get("unit", "")}
    return out


def claims(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The experiment's claims as judged, from ``tables/claims.csv`` or the older ``claims.md``.

    One line per claim and, below a chain of several contrasts, one per contrast (``part`` > 0):
    claim, part, verdict, seeds_to_decide, contrast, estimate, low, high, p, n, and what else the
    file has (bootstrap intervals, corrected p-values). low and high are the ends of the t interval.
    ``attrs["seed_set"]``: the seeds that they are judged on.

    >>> tightrope.claims(folder).verdict.isin(["holds", "fails", "undecided"]).all()
    np.True_

    Raises ValueError when nothing has been judged yet.
    """
    path = pathlib.Path(folder)
    _needs_folder(path)
    manifest = open_log(path).manifest
    precise, printed = path / "tables" / "claims.csv", path / "tables" / "claims.md"
    if precise.exists():
        return _from_csv(precise, manifest)
    if printed.exists():
        return _from_markdown(printed)
    why = "its experiment declares no claim (`claims:`)" if not manifest.claims else \
        f"its claims are not judged yet: `tightrope table {path}` does it"
    raise ValueError(f"{path}: {why}")


def _from_csv(file: pathlib.Path, manifest: Manifest) -> pd.DataFrame:
    lines = pd.read_csv(file)
    lines = lines.rename(columns={"t_low": "low", "t_high": "high", "p_t": "p"})
    says = {claim["name"]: claim["says"] for claim in manifest.claims}
    rows: list[dict[str, object]] = []
    for name, parts in lines.groupby("claim", sort=False):
        if len(parts) > 1:
            rows.append({"claim": name, "part": 0, "verdict": parts.claim_verdict.iloc[0],
                         "seeds_to_decide": 0, "contrast": says.get(str(name), ""), "n": 0})
        rows += [{**line, "part": at if len(parts) > 1 else 0}
                 for at, line in enumerate(parts.to_dict("records"), 1)]
    out = pd.DataFrame(rows)
    first = [*_CLAIM, *(name for name in out if name not in (*_CLAIM, "seed_set", "claim_verdict"))]
    out = out[first].astype({"part": int, "seeds_to_decide": int, "n": int})
    out.attrs["seed_set"] = str(lines.seed_set.iloc[0])
    return out


_CLAIM = ["claim", "part", "verdict", "seeds_to_decide", "contrast", "estimate", "low", "high", "p",
          "n"]


def _from_markdown(file: pathlib.Path) -> pd.DataFrame:
    lines = file.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| claim"))
    rows, name, part = [], "", 0
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        cell = dict(zip(_cells(lines[start]), _cells(line), strict=False))
        part = part + 1 if not cell["claim"] else 0
        name = cell["claim"] or name
        rows.append({"claim": name, "part": part, **_claim_line(cell)})
    out = pd.DataFrame(rows, columns=_CLAIM)
    seeds = re.search(r"judged on (\w+) seeds", lines[0])
    out.attrs["seed_set"] = seeds[1] if seeds else ""
    return out


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _claim_line(cell: dict[str, str]) -> dict[str, object]:
    verdict = cell["verdict"].replace("*", "")
    seeds = re.search(r"about (\d+) seeds", verdict)
    interval = re.fullmatch(r"\[(\S+), (\S+)\]", cell["95 % interval"])
    low, high = interval.groups() if interval else ("nan", "nan")
    return {"verdict": verdict.split(" (")[0], "seeds_to_decide": int(seeds[1]) if seeds else 0,
            "contrast": cell["contrast"], "estimate": float(cell["estimate"] or "nan"),
            "low": float(low), "high": float(high), "p": float(cell["p"] or "nan"),
            "n": int(cell["n"] or 0)}
