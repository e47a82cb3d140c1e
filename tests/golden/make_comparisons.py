# SPDX-License-Identifier: Apache-2.0
"""Writes comparisons.json: the numbers of core/stats as SciPy and rliable compute them.

    python tests/golden/make_comparisons.py        (needs scipy and rliable; not part of the set-up)
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
from rliable import library, metrics
from scipy import integrate, optimize, stats

rng = np.random.default_rng(20261126)
SKEWED = [0.031, 0.048, 0.012, 0.094, 0.027, 0.061, 0.019, 0.152, 0.036, 0.044]
SMALL = [0.4, -0.1, 0.25, 0.9, 0.05]
TIED = [0.002, 0.004, -0.002, 0.006, 0.0, 0.004, -0.004, 0.002, 0.008, 0.002]


def bca(values, resamples, keep):
    result = stats.bootstrap((values,), np.mean, n_resamples=resamples, method="BCa", rng=rng)
    out = {"values": values, "estimate": np.mean(values), "low": result.confidence_interval.low,
           "high": result.confidence_interval.high}
    if keep:
        out["replicates"] = result.bootstrap_distribution.tolist()
    return out


def enumerated_bca(values):
    """SciPy's BCa with the whole bootstrap distribution of n^n resamples in place of draws."""
    x = np.array(values)
    n = len(x)
    means = np.array([np.mean(x[list(i)]) for i in itertools.product(range(n), repeat=n)])
    estimate = x.mean()
    means[np.abs(means - estimate) < 1e-12] = estimate
    z0 = stats.norm.ppf((np.mean(means < estimate) + np.mean(means <= estimate)) / 2)
    leave = np.array([np.delete(x, i).mean() for i in range(n)])
    u = leave.mean() - leave
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    shifted = z0 + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(means, stats.norm.cdf(z0 + shifted / (1 - a * shifted)))
    return {"values": values, "low": low, "high": high}


def flips(values):
    p = stats.permutation_test((values,), np.sum, permutation_type="samples",
                               n_resamples=np.inf).pvalue
    return {"values": values, "p": p}


def power(effect, n):
    """By integrating the normal law of the mean over the chi law of the deviation."""
    t = stats.t.ppf(0.975, n - 1)
    shift = effect * np.sqrt(n)

    def inside(s):
        bound = t * s / np.sqrt(n - 1)
        both = stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift)
        return stats.chi.pdf(s, n - 1) * both

    return integrate.quad(inside, 0, np.sqrt(n) + 12, epsabs=1e-13, epsrel=1e-12, limit=400)[0]


def detectable(n):
    return {"n": n, "effect": optimize.brentq(lambda d: power(d, n) - 0.8, 0.01, 40, xtol=1e-12)}


def pooled(scores):
    return np.array([metrics.aggregate_iqm(scores)])


def better(x, y):
    return np.array([metrics.probability_of_improvement(x, y)])


def rliable_numbers():
    x = np.round(rng.normal(0.6, 0.05, (12, 3)) + [0.0, 0.02, 0.1], 2)
    y = np.round(rng.normal(0.58, 0.05, (12, 3)) + [0.0, 0.05, 0.1], 2)
    state = np.random.RandomState(1)
    iqm, iqm_ends = library.get_interval_estimates({"x": x}, pooled, reps=50000, random_state=state)
    p, p_ends = library.get_interval_estimates({"p": (x, y)}, better, reps=20000,
                                               random_state=state)
    return {"x": x.T.tolist(), "y": y.T.tolist(),
            "interquartile_mean": iqm["x"][0],
            "interquartile_mean_ends": iqm_ends["x"][:, 0].tolist(),
            "improvement": p["p"][0], "improvement_ends": p_ends["p"][:, 0].tolist(),
            "one_stratum_mean": metrics.aggregate_iqm(x[:, :1]),
            "one_stratum_improvement": metrics.probability_of_improvement(x[:, :1], y[:, :1])}


out = {
    "source": f"make_comparisons.py with SciPy {scipy.__version__} (bootstrap, permutation_test, "
              "quadrature) and rliable; Holm: by hand",
    "bca_given_replicates": [bca(SKEWED, 300, True), bca(SMALL, 200, True)],
    "bca_enumerated": enumerated_bca(SMALL),
    "bca_many_resamples": bca(SKEWED, 1000000, False),
    "sign_flip": [flips(v) for v in (SKEWED, SMALL, TIED, [1.0, 2.0, -3.0], SKEWED + SMALL)],
    "power": [{"effect": d, "n": n, "power": power(d, n)}
              for d, n in ((0.5, 34), (0.5, 10), (1.5, 4), (0.0, 5), (20.0, 2))],
    "detectable": [detectable(n) for n in (2, 4, 10, 20, 100)],
    "rliable": rliable_numbers(),
    "holm": {"p": [0.01, 0.04, 0.03, 0.005], "adjusted": [0.03, 0.06, 0.06, 0.02]},
}
lines = [f"{json.dumps(key)}: {json.dumps(value, default=float)}" for key, value in out.items()]
path = pathlib.Path(__file__).with_name("comparisons.json")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
