# SPDX-License-Identifier: Apache-2.0
"""Tables and claims against the files that the programs write."""

import math
import re

import numpy as np
import pandas as pd
import pytest

import tightrope
from tightrope._statistics import mean_interval, t_quantile

# Two-sided 95 % and 99 % points of any printed table of Student's t (three decimals).
T_TABLE = {(0.975, 1): 12.706, (0.975, 2): 4.303, (0.975, 4): 2.776, (0.975, 9): 2.262,
           (0.975, 30): 2.042, (0.975, 120): 1.980, (0.995, 1): 63.657, (0.995, 7): 3.499,
           (0.95, 3): 2.353, (0.5, 5): 0.0}


@pytest.mark.parametrize("at, expected", T_TABLE.items())
def test_t_quantile(at, expected):
    assert t_quantile(*at) == pytest.approx(expected, abs=6e-4)


def test_t_quantile_closed_forms():
    for p in (0.6, 0.9, 0.975, 0.999):
        assert t_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-13)
        two = (2 * p - 1) / math.sqrt(2 * p * (1 - p))
        assert t_quantile(p, 2) == pytest.approx(two, rel=1e-13)
    with pytest.raises(ValueError, match="freedom be at least 1"):
        t_quantile(0.975, 0)


def test_interval_leaves_out_what_is_not_finite():
    cell = mean_interval([1.0, math.nan, 2.0, math.inf, 3.0])
    assert (cell.n, cell.mean, cell.deviation) == (3, 2.0, 1.0)
    assert cell.half_width == pytest.approx(4.302652729749464 / math.sqrt(3))
    assert math.isnan(mean_interval([5.0]).half_width) and mean_interval([]).n == 0
    with pytest.raises(ValueError, match="level=95"):
        mean_interval([1.0, 2.0], 95)


def test_the_table_is_the_engines_table_to_the_digit(folder):
    theirs = pd.read_csv(folder / "tables/first.csv")
    mine = tightrope.table(folder, "first")
    assert list(mine.columns) == list(theirs.columns) and len(mine) == 16
    for name in ("table", "seed_set", "arm", "column", "n", "mean", "deviation", "published"):
        pd.testing.assert_series_equal(mine[name], theirs[name], check_exact=True,
                                       check_dtype=False)
    for name in ("half_width", "low", "high"):  # two ways to the same quantile: the last bits
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-14, atol=1e-15)
    text = (folder / "tables/first.md").read_text()
    for line in mine.itertuples():
        assert f"{line.mean:.3f} ± {line.half_width:.3f}" in text
    assert mine.attrs["unit"] == "%" and "arXiv 2505.13081" in mine.attrs["source"]


def test_claims_are_the_printed_ones(folder):
    claims = tightrope.claims(folder)
    assert claims.claim.tolist() == ["pair"]
    line = claims.iloc[0]
    text = (folder / "tables/claims.md").read_text()
    assert line.verdict in text and f"[{line.low:+.4f}, {line.high:+.4f}]" in text
    assert line.n == 3 and line.contrast == "dpo_random < cpo"
    assert claims.attrs["seed_set"] == "confirm"
    log = tightrope.open(folder)
    final = log.evaluation.accuracy.sel(stage="rft", checkpoint=20, environment="target",
                                        subset="all")
    paired = mean_interval(final.sel(row="cpo").values - final.sel(row="dpo_random").values)
    assert line.estimate == pytest.approx(paired.mean, abs=6e-5)
    assert line.low == pytest.approx(paired.low, abs=6e-5)


@pytest.fixture
def judged(folder, tmp_path):
    """The folder of the run without its tables, and with a chain among its claims."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "packs").symlink_to(folder / "packs")
    text = (folder / "manifest.jsonl").read_text()
    chain = '"claims":[{"name":"order","on":"accuracy","says":"a < b < c"},'
    (tmp_path / "manifest.jsonl").write_text(text.replace('"claims":[', chain, 1))
    with pytest.raises(ValueError, match="not judged yet: `tightrope table"):
        tightrope.claims(tmp_path)
    return tmp_path


def check_chain(claims):
    assert claims.claim.tolist() == ["order"] * 3 + ["other"]
    assert claims.part.tolist() == [0, 1, 2, 0]
    assert claims.verdict.tolist() == ["fails", "holds", "undecided", "holds"]
    assert claims.contrast.tolist() == ["a < b < c", "a < b", "b < c", "c < d"]
    assert claims.seeds_to_decide.tolist() == [0, 0, 19, 0] and claims.p[1] == 9.4e-06
    assert math.isnan(claims.low[2]) and claims.high[3] == 1.5
    assert claims.n.tolist() == [0, 10, 0, 9]
    assert claims.attrs["seed_set"] == "confirm"


def test_a_chain_has_a_line_per_contrast(judged):
    (judged / "tables/claims.md").write_text(
        "**claims**, judged on confirm seeds (paired by seed, 95 % t interval)\n\n"
        "| claim | verdict | contrast | estimate | 95 % interval | p | n |\n"
        "|---|---|---|---|---|---|---|\n"
        "| order | **fails** | a < b < c | | | | |\n"
        "|  | holds | a < b | +0.0430 | [+0.0321, +0.0539] | 9.4e-06 | 10 |\n"
        "|  | undecided (about 19 seeds would decide) | b < c | nan | [nan, nan] | 1 | 0 |\n"
        "| other | **holds** | c < d | +1.0000 | [+0.5000, +1.5000] | 0.02 | 9 |\n")
    check_chain(tightrope.claims(judged))


def test_claims_with_all_their_figures(judged):
    (judged / "tables/claims.csv").write_text(
        "seed_set,claim,claim_verdict,contrast,verdict,n,estimate,deviation,t_low,t_high,bca_low,"
        "bca_high,p_t,p_holm,p_sign_flip,seeds_to_decide,detectable\n"
        'confirm,"order",fails,"a < b",holds,10,0.043,0.01,0.0321,0.0539,0.03,0.05,9.4e-06,1e-05,'
        "0.002,0,0.01\n"
        'confirm,"order",fails,"b < c",undecided,0,nan,nan,nan,nan,nan,nan,1,1,1,19,nan\n'
        'confirm,"other",holds,"c < d",holds,9,1,0.2,0.5,1.5,0.6,1.4,0.02,0.04,0.004,0,0.2\n')
    claims = tightrope.claims(judged)
    check_chain(claims)
    assert claims.p_holm[1] == 1e-05 and claims.bca_high[3] == 1.4 and "t_low" not in claims


@pytest.mark.parametrize("arguments, message", [
    ({"name": "frist"}, 'unknown table "frist"; did you mean "first"?'),
    ({"seed_set": "explore"}, 'unknown seed set "explore" (allowed: confirm)')])
def test_unknown_names(folder, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tightrope.table(folder, **arguments)
