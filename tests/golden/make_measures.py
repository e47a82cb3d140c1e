# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/measures.json: what NumPy and SciPy say of the same laws and samples.

    python3 tests/golden/make_measures.py       (numpy 2.4.6, scipy 1.17.1)

Samples are draws of NumPy's legacy generator, which tests/core/parity_streams.h regenerates; the
estimates of mmd, wasserstein, energy, hellinger, psi, bhattacharyya and total_variation named
"frouros" were first published by frouros' own tests and agree with what is computed here.
"""

import json
import pathlib

import numpy as np
from scipy import special, stats
from scipy.spatial import distance

HERE = pathlib.Path(__file__).resolve().parent
TINY = float(np.finfo(float).tiny)
PAIRS = [("zero", "zero", 100, 100), ("zero", "zero", 100, 10), ("zero", "zero", 10, 100),
         ("two", "zero", 100, 100), ("two", "zero", 100, 10), ("two", "zero", 10, 100)]
MEANS = {"zero": 0.0, "two": 2.0}


def kernel(a, b, bandwidth):
    return np.exp(-distance.cdist(a, b, "sqeuclidean") / (2 * bandwidth**2))


def mmd(x, y, bandwidth):
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    n, m = len(x), len(y)
    return float((kernel(x, x, bandwidth).sum() - n) / (n * (n - 1))
                 + (kernel(y, y, bandwidth).sum() - m) / (m * (m - 1))
                 - 2 * kernel(x, y, bandwidth).mean())


def linear_mmd(x, y, bandwidth):
    def k(a, b):
        return np.exp(-((a - b) ** 2) / (2 * bandwidth**2))
    count = min(len(x), len(y)) // 2 * 2
    a, b, c, d = x[0:count:2], x[1:count:2], y[0:count:2], y[1:count:2]
    return float((k(a, b) + k(c, d) - k(a, d) - k(b, c)).mean())


def energy_pairs(x, y):
    square = (2 * distance.cdist(x, y).mean() - distance.cdist(x, x).mean()
              - distance.cdist(y, y).mean())
    return float(np.sqrt(square))


def shares(x, y, bins=10):
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    return tuple(np.histogram(s, bins, (low, high))[0] / len(s) for s in (x, y))


def of_laws(p, q, positions):
    p, q, at = (np.asarray(v, float) for v in (p, q, positions))
    gap = p - q
    with np.errstate(divide="ignore", invalid="ignore"):
        chi = np.where(p + q > 0, gap**2 / q, 0).sum()
    out = {
        "kl": special.rel_entr(p, q).sum(), "reverse_kl": special.rel_entr(q, p).sum(),
        "psi": special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum(),
        "jensen_shannon": distance.jensenshannon(p, q) ** 2,
        "total_variation": distance.cityblock(p, q) / 2,
        "hellinger": np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2),
        "bhattacharyya": -np.log(np.sqrt(p * q).sum()), "chi_square": chi,
        "wasserstein": stats.wasserstein_distance(at, at, p, q),
        "energy": stats.energy_distance(at, at, p, q),
        "mmd": gap @ kernel(at[:, None], at[:, None], 1.5) @ gap,
    }
    return {name: "inf" if np.isinf(v) else float(v) for name, v in out.items()}


def laws():
    cases = [([.5, .25, .125, .125], [.2, .3, .1, .4], [0, .5, 3, 7]),
             ([.5, .25, .125, .125, 0], [.2, .3, .1, .1, .3], [0, .5, 3, 7, -2]),
             ([0, 1, 0], [.25, .5, .25], [0, 1, 2]),
             ([.3, .7], [.3, .7], [0, 1]),
             ([1, 0], [0, 1], [0, 4])]
    return [{"p": p, "q": q, "positions": at, "values": of_laws(p, q, at)} for p, q, at in cases]


def samples():
    out = []
    for a, b, n, m in PAIRS:
        rng = np.random.RandomState(31)
        x, y = rng.normal(MEANS[a], 1, n), rng.normal(MEANS[b], 1, m)
        out.append({"x": [31, MEANS[a], 1, n], "y": [0, MEANS[b], 1, m], "source": "frouros",
                    "values": {"{type: mmd, bandwidth: 0.5}": mmd(x, y, .5)}})
        out[-1]["values"]["{type: mmd_linear, bandwidth: 0.5}"] = linear_mmd(x, y, .5)
        pooled = np.concatenate([x, y])[:, None]
        square = np.sort(distance.pdist(pooled, "sqeuclidean"))
        alibi = np.sqrt(square[(len(square) - 1) // 2] / 2)
        matrix = np.sort(distance.cdist(pooled, pooled).ravel())
        torchdrift = matrix[(len(matrix) - 1) // 2]
        median = np.sqrt(square[(len(square) - 1) // 2])  # no two draws are equal
        for name, bandwidth in (("alibi", alibi), ("torchdrift", torchdrift), ("median", median)):
            out[-1]["values"]["{type: mmd, heuristic: %s}" % name] = mmd(x, y, bandwidth)
    x, y = (np.random.RandomState(31).normal(*law, 100) for law in ((1, 1), (5, 2)))
    out.append({"x": [31, 1, 1, 100], "y": [31, 5, 2, 100], "source": "frouros",
                "values": of_samples(x, y)})
    rng = np.random.RandomState(31)
    x, y = rng.normal(1, 1, 500), rng.normal(1, 1, 500)
    out.append({"x": [31, 1, 1, 500], "y": [0, 1, 1, 500], "source": "frouros",
                "values": of_samples(x, y)})
    return out


def of_samples(x, y):
    p, q = shares(x, y)
    raised = [np.maximum(v, TINY) for v in (p, q)]
    values = of_laws(p, q, range(10))
    names = ["jensen_shannon", "total_variation", "hellinger", "bhattacharyya", "kl", "psi"]
    out = {"{type: %s, binning: width}" % name: values[name] for name in names}
    out["{type: psi, binning: width, floor: %r}" % TINY] = float(
        ((raised[0] - raised[1]) * np.log(raised[0] / raised[1])).sum())
    out["wasserstein"] = float(stats.wasserstein_distance(x, y))
    out["energy"] = float(stats.energy_distance(x, y))
    return out


def plane():
    """NumPy's multivariate normal draws: mean + z F with F = sqrt(s) V of the covariance's SVD."""
    rng = np.random.RandomState(31)
    sides = []
    for mean, covariance in (([1, 1], [[2, 0], [0, 2]]), ([0, 0], [[2, 1], [1, 2]])):
        _, s, v = np.linalg.svd(np.array(covariance, float))
        sides.append((mean, np.sqrt(s)[:, None] * v,
                      rng.multivariate_normal(mean, covariance, 100)))
    x, y = sides[0][2], sides[1][2]
    return {"means": [side[0] for side in sides], "factors": [side[1].tolist() for side in sides],
            "points": 100, "source": "frouros (mmd)",
            "values": {"{type: mmd, bandwidth: 1}": mmd(x, y, 1.0), "energy": energy_pairs(x, y)}}


def counts():
    out = []
    for a, b in (([4, 2, 0], [1, 1, 4]), ([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8])):
        test = stats.chi2_contingency([a, b])
        x, y = np.asarray(a) / sum(a), np.asarray(b) / sum(b)
        out.append({"a": a, "b": b, "homogeneity": float(test.statistic),
                    "hellinger": of_laws(x, y, range(len(a)))["hellinger"]})
    return out


def main():
    golden = {"about": "what NumPy 2.4.6 and SciPy 1.17.1 say; written by make_measures.py. A "
                       "sample is [seed, mean, deviation, count] of NumPy's legacy normal draws; "
                       "seed 0 continues the generator of x.",
              "laws": laws(), "samples": samples(), "plane": plane(), "counts": counts()}
    text = json.dumps(golden, indent=1, default=float)
    (HERE / "measures.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
