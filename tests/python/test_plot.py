# SPDX-License-Identifier: Apache-2.0
"""Every picture: it builds, renders to SVG without a browser and holds the expected numbers."""

import json
import re

import numpy as np
import pytest
import vl_convert

from tightrope import plot


def render(chart):
    """The SVG, and all rows of data in the specification."""
    spec = chart.to_dict()
    text = json.dumps(spec)
    assert len(text) < 200_000
    svg = vl_convert.vegalite_to_svg(text)
    assert svg.startswith("<svg") and len(svg) > 3000
    width = float(re.search(r'width="([\d.]+)"', svg)[1])
    assert 300 < width < 720
    assert "NaN" not in svg and "undefined" not in svg
    return svg, [row for rows in spec["datasets"].values() for row in rows]


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_learning_curves(log):
    svg, rows = render(plot.learning_curves(log, "accuracy(target)"))
    assert {"cpo", "cpo_weak", "dpo_random", "dpo_random_weak", "accuracy(target), stage rft",
            "mean and 95 % t interval over 3 confirm seeds"} <= set(texts(svg))
    interval = log.evaluation.tightrope.column("accuracy(target)").sel(
        stage="rft", checkpoint=20).tightrope.interval()
    for arm in ("cpo", "dpo_random_weak"):
        row = next(r for r in rows if r["row"] == arm and r["step"] == 20 and "low" in r)
        for name in ("mean", "low", "high"):
            assert row[name] == pytest.approx(interval[name].sel(row=arm).item(), rel=1e-12)
    svg, rows = render(plot.learning_curves(log, "loss", arms=["cpo"], stage="sft"))
    assert max(row["step"] for row in rows) == 39 and "loss (nat)" in texts(svg)


def test_long_series_are_thinned(log):
    long = log.scalars.loss.sel(stage="sft", row="cpo")
    from tightrope.plot._curves import _thinned
    repeated = long.isel(step=np.tile(np.arange(40), 6))
    thin = _thinned(repeated.assign_coords(step=np.arange(240)), "step")
    assert thin.sizes["step"] == 80
    np.testing.assert_allclose(thin.isel(step=0), long.isel(step=slice(0, 3)).mean("step"))


def test_belief_trace(log):
    svg, rows = render(plot.belief_trace(log, row="cpo", seed=1, probe=2, environment="source",
                                         checkpoint=10, diseases=["pneumonia", "edema"]))
    assert {"pneumonia", "edema", "policy", "oracle", "&lt;think&gt;"} <= set(texts(svg))
    belief = log.belief.sel(row="cpo", seed=1, stage="rft", environment="source").isel(
        run=0, probe=2)
    for law, values in (("policy", belief.policy.sel(checkpoint=10)), ("oracle", belief.oracle)):
        mine = [r["probability"] for r in rows if r.get("law") == law and r["disease"] == "edema"
                and "place" not in r]
        length = len(set(r["position"] for r in rows))
        theirs = values.sel(disease="edema").values[:length]
        assert set(np.round(mine, 6)) == set(np.round(theirs.astype(float), 6))
    tokens = log.tokens.target.sel(row="cpo", seed=1, stage="rft", environment="source")
    first = str(log.vocabulary[tokens.isel(run=0, probe=2, position=0).item()])
    shown = [text for text in texts(svg) if text.strip("…") and first.startswith(text.strip("…"))]
    assert shown, f"{first} is on no axis"


def test_token_river_over_training(log):
    svg, rows = render(plot.token_river(log, row="cpo", seed=0, position=1, environment="target"))
    law = log.tokens_full.sel(row="cpo", seed=0, stage="rft", environment="target").isel(
        run=0, probe=0, position=1)
    for step in (0, 10, 20):
        total = [r["probability"] for r in rows if r.get("step") == step]
        assert sum(total) == pytest.approx(1, abs=1e-9) and len(total) == 7
        for row in rows:
            if row.get("step") == step and row["token"] != "all other tokens":
                exact = np.exp(law.policy.sel(checkpoint=step, vocab=row["token"]).item())
                assert row["probability"] == pytest.approx(exact, rel=1e-12)
    truth = {r["token"]: r["probability"] for r in rows if r.get("law") == "oracle"}
    for token, mass in truth.items():
        if token != "all other tokens":
            assert mass == pytest.approx(np.exp(law.oracle.sel(vocab=token).item()), rel=1e-12)
    assert set(truth) <= set(texts(svg))


def test_token_river_along_a_report(log):
    svg, rows = render(plot.token_river(log, row="dpo_random", seed=2, probe=1))
    assert {"other present findings", "end of thinking", "probability, oracle"} <= set(texts(svg))
    policy = rows[:len(rows) // 2]
    for place in {row["position"] for row in policy}:
        assert sum(r["probability"] for r in policy if r["position"] == place) == \
            pytest.approx(1, abs=1e-9)
    target = log.tokens.sel(row="dpo_random", seed=2, stage="rft", environment="target",
                            checkpoint=20).isel(run=0, probe=1)
    own = [row["probability"] for row in policy if row["token"] == "the report's next token"]
    np.testing.assert_allclose(np.log(own), target.target_log_prob.values[:len(own)], atol=1e-5)
    svg, _ = render(plot.token_river(log, row="cpo", tokens=3, checkpoint=0))
    assert "all other tokens" in texts(svg)


def test_drift_heatmap_is_the_exact_divergence(analysed):
    ledger = analysed.ledger.kl.sel(row="cpo", stage="rft", environment="target").mean(
        ("run", "probe"))
    _, rows = render(plot.drift_heatmap(analysed, "kl", arm="cpo", environment="target"))
    assert len(rows) == 3 * int(ledger.isel(checkpoint=0).notnull().sum())
    for row in rows:
        exact = ledger.sel(checkpoint=row["step"]).isel(position=row["position"]).item()
        assert row["value"] == pytest.approx(exact, rel=1e-9, abs=1e-12)
    _, measured = render(plot.drift_heatmap(analysed, "beneficial", arm="cpo"))
    assert {row["step"] for row in measured} == {10, 20}
    svg, _ = render(plot.drift_heatmap(analysed, arm="cpo", probe=1))
    assert "&lt;think&gt;" in texts(svg)


def naive(quantity, log, place, step):
    """The quantity at a position after `step` steps, law by law: mean over seeds and probes."""
    full = log.tokens_full.sel(row="cpo", stage="rft", environment="target")
    out = []
    for run in range(full.sizes["run"]):
        for probe in range(full.sizes["probe"]):
            at = full.isel(run=run, probe=probe, position=place)
            now = np.exp(at.policy.sel(checkpoint=step).values)
            before = np.exp(at.policy.sel(checkpoint=max(step - 10, 0)).values)
            oracle = np.exp(at.oracle.values)
            if np.isnan(now).any():
                continue
            left, right = (now, before) if quantity == "step" else (now, oracle)
            out.append(0.5 * sum(abs(a - b) for a, b in zip(left, right, strict=True))
                       if quantity == "total_variation" else
                       sum(a * np.log(a / b) for a, b in zip(left, right, strict=True) if a > 0))
    return np.mean(out)


@pytest.mark.parametrize("quantity", ["total_variation", "step"])
def test_other_quantities_of_the_heatmap(log, quantity):
    _, rows = render(plot.drift_heatmap(log, quantity, arm="cpo", environment="target"))
    assert {row["step"] for row in rows} == ({10, 20} if quantity == "step" else {0, 10, 20})
    for place in range(6):
        mine = [r["value"] for r in rows if (r["position"], r["step"]) == (place, 20)]
        assert mine == [pytest.approx(naive(quantity, log, place, 20), rel=1e-9, abs=1e-12)]
        assert mine[0] > 1e-6


def test_ledger_waterfall(analysed):
    svg, rows = render(plot.ledger_waterfall(analysed, arm="cpo", environment="source"))
    assert {"beneficial", "detrimental", "thinking (nat per sequence)",
            "outcome (nat per sequence)"} <= set(texts(svg))
    cut = analysed.ledger.sel(row="cpo", stage="rft", environment="source")
    expected = {}
    for part in ("thinking", "outcome"):
        for step in (10, 20):
            for kind, sign in (("beneficial", 1), ("detrimental", -1)):
                value = sign * cut[f"{kind}_sum"].sel(part=part, interval=step).mean().item()
                expected.setdefault((step, kind), []).append(value)
    bars = [row for row in rows if "kind" in row]
    assert len(bars) == 8 and all((row["nat"] >= 0) == (row["kind"] == "beneficial")
                                  for row in bars)
    for (step, kind), values in expected.items():
        mine = [row["nat"] for row in bars if row["step"] == step and row["kind"] == kind]
        np.testing.assert_allclose(sorted(mine), sorted(values), rtol=1e-12)
    dots = [row for row in rows if "mean" in row and row["step"] == 20]
    net = cut.net_sum.sel(interval=20)
    np.testing.assert_allclose(sorted(row["mean"] for row in dots),
                               sorted(net.sel(part=["thinking", "outcome"]).mean("run").values))


def test_phase_diagram(log):
    chart = plot.phase_diagram(
        log, "confounding", "propose", column="accuracy(target)",
        effect=({"optimizer_type": "cpo"}, {"optimizer_type": "dpo"}))
    svg, rows = render(chart)
    paired = log.final().tightrope.column("accuracy(target)")
    assert len(rows) == 2 and {row["y"] for row in rows} == {"nearest"}
    for row in rows:
        ours, theirs = ("cpo", "dpo_random") if row["x"] == 2.5 else ("cpo_weak", "dpo_random_weak")
        gain = paired.tightrope.difference(ours, theirs).tightrope.interval()
        assert row["effect"] == pytest.approx(gain["mean"].item(), rel=1e-12)
        assert row["low"] == pytest.approx(gain.low.item(), rel=1e-12)
        assert row["decided"] == (gain.low.item() > 0 or gain.high.item() < 0)
        assert f"{row['effect']:+.3f}".replace("-", "−") in texts(svg)


def hatches(svg):
    return re.search(r'class="mark-symbol[^>]*>(.*?)</g>', svg)[1].count("<path")


def test_the_hatch_marks_what_is_undecided(log):
    chart = plot.phase_diagram(log, "confounding", "propose", column="accuracy(target)",
                               effect=({"optimizer_type": "cpo"}, {"optimizer_type": "cpo"}))
    svg, rows = render(chart)
    assert all(row["effect"] == 0 and not row["decided"] for row in rows)  # against itself
    assert hatches(svg) == len(rows) == 2
    svg, rows = render(plot.phase_diagram(
        log, "confounding", "propose", column="kl_thinking(target)",
        effect=({"optimizer_type": "cpo"}, {"optimizer_type": "dpo"})))
    assert hatches(svg) == sum(not row["decided"] for row in rows) < len(rows)


def test_alarm_raster(analysed):
    svg, rows = render(plot.alarm_raster(analysed, series="gradient_norm", arms=["cpo"],
                                         kinds=("warning", "drift")))
    alarms = analysed.alarms.sel(row="cpo", stage="rft",
                                series="scalars/gradient_norm").isel(alarm=0)
    mine = sorted((r["seed"], r["detector"], r["step"]) for r in rows if "detector" in r)
    theirs = sorted((int(alarms.seed[run]), str(alarms.detector.values[d]),
                     int(alarms.time.values[run, d])) for run in range(3) for d in range(2))
    assert mine == theirs
    assert {"cpo · 0", "cpo · 2", "adwin", "page_hinkley"} <= set(texts(svg))
    events = {(r["step"], r["factor"]) for r in rows if "factor" in r}
    assert events == {(20, "confounding, lexical, prior")} or events == {
        (20, "prior, confounding, lexical")}  # `at: end` of 40 + 20 steps
    _, only = render(plot.alarm_raster(analysed, arms=["cpo"], detectors=["adwin"]))
    assert {r["detector"] for r in only if "detector" in r} <= {"adwin"}


@pytest.mark.parametrize("call, message", [
    (lambda log: plot.learning_curves(log, "acuracy(target)"),
     'unknown metric "acuracy"; did you mean "accuracy"'),
    (lambda log: plot.learning_curves(log, "accuracy(traget)"),
     'unknown environment "traget"; did you mean "target"'),
    (lambda log: plot.learning_curves(log, arms=["cpoo"]), 'unknown arm "cpoo"'),
    (lambda log: plot.learning_curves(log, stage="rl"), 'unknown stage "rl".*allowed: sft, rft'),
    (lambda log: plot.learning_curves(log, seed_set="explore"), "allowed: confirm"),
    (lambda log: plot.learning_curves(log, level=95), "level=95"),
    (lambda log: plot.belief_trace(log, row="cpo", seed=9), 'unknown seed "9".*allowed: 0, 1, 2'),
    (lambda log: plot.belief_trace(log, probe=3), "probe=3: this group has the probes 0 to 2"),
    (lambda log: plot.belief_trace(log, diseases=0), "diseases=0: between 1 and 8"),
    (lambda log: plot.belief_trace(log, diseases=["pneumona"]), 'did you mean "pneumonia"'),
    (lambda log: plot.belief_trace(log, checkpoint=15), 'unknown checkpoint "15"'),
    (lambda log: plot.token_river(log, position=99), "position=99: this report has"),
    (lambda log: plot.token_river(log, position=1, checkpoint=10), "give one of both"),
    (lambda log: plot.token_river(log, tokens=40), "tokens=40: between 1 and 8"),
    (lambda log: plot.drift_heatmap(log, "kll"), 'unknown quantity "kll"; did you mean "kl"'),
    (lambda log: plot.phase_diagram(log, "beta", "propose", effect=("cpo", "cpo")),
     'unknown swept parameter "beta"'),
    (lambda log: plot.phase_diagram(log, "propose", "propose", effect=("cpo", "cpo")),
     "both axes are"),
    (lambda log: plot.phase_diagram(log, "confounding", "propose", effect="cpo"),
     "effect=.side, other side."),
    (lambda log: plot.phase_diagram(log, "confounding", "propose",
                                    effect=({"beta": 1}, {"propose": "x"})),
     'unknown parameter of the effect "beta"')])
def test_wrong_arguments(log, call, message):
    with pytest.raises(ValueError, match=message):
        call(log)


@pytest.mark.parametrize("call, message", [
    (lambda log: plot.ledger_waterfall(log, parts=["thought"]), 'unknown part "thought"'),
    (lambda log: plot.ledger_waterfall(log, arm="cpp"), 'did you mean "cpo"'),
    (lambda log: plot.alarm_raster(log, series="los"), 'unknown series "los"'),
    (lambda log: plot.alarm_raster(log, detectors=["kswin"]), "allowed: adwin, page_hinkley"),
    (lambda log: plot.alarm_raster(log, kinds=["alarm"]), "allowed: warning, drift")])
def test_wrong_arguments_of_the_analysis(analysed, call, message):
    with pytest.raises(ValueError, match=message):
        call(analysed)


def test_without_an_analysis(log):
    for call in (plot.ledger_waterfall, plot.alarm_raster):
        with pytest.raises(AttributeError, match="`tightrope analyze"):
            call(log)


def test_a_path_is_opened(folder):
    assert plot.learning_curves(str(folder)).to_dict()["layer"]


def test_labels_are_spread_in_order():
    from tightrope.plot._choose import spread
    out = spread([0.5, 0.1, 0.51, 0.52], 0.1)
    assert np.diff(np.sort(out)).min() >= 0.0998
    assert np.argsort(out).tolist() == np.argsort([0.5, 0.1, 0.51, 0.52]).tolist()
    assert spread([0.0, 1.0], 0.1) == [0.0, 1.0]


def test_infinite_cells_are_told(analysed):
    """KL(policy || oracle) is infinite where the oracle excludes a token."""
    infinite = analysed.ledger.kl.load().copy()
    infinite[..., 2] = np.where(np.isnan(infinite[..., 2]), np.nan, np.inf)
    ledger = analysed.ledger.assign(kl_odd=infinite)

    class Odd(type(analysed)):
        def __getitem__(self, name):
            return ledger if name == "ledger" else analysed[name]

    odd = Odd(analysed.folder, tuple(analysed), analysed._load, analysed.manifest, analysed.runs,
              analysed._vocabulary)
    svg, rows = render(plot.drift_heatmap(odd, "kl_odd", arm="cpo"))
    assert not any(row["position"] == 2 for row in rows)
    assert "infinite" in svg
