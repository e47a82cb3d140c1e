# SPDX-License-Identifier: Apache-2.0
"""Makes the files that `tightrope analyze` writes, from the definitions in plain numpy."""

import h5netcdf
import h5py
import numpy as np
import xarray as xr

PARTS = ["thinking", "outcome", "all"]
SERIES, DETECTORS = ["scalars/loss", "scalars/gradient_norm"], ["adwin", "page_hinkley"]


def divergence(p, q):
    """d(P, q) = P ln(P / q) - P + q, by token."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0.0) - p + q


def split(p, old, new):
    """Beneficial and detrimental drift by token: towards P, past P, away from it."""
    before, after = divergence(p, old), divergence(p, new)
    change = before - after
    past = (old - p) * (new - p) < 0
    away = ~past & (np.abs(new - p) > np.abs(old - p))
    beneficial = np.where(past, before, np.where(away, 0.0 * change, change))
    detrimental = np.where(past, after, np.where(away, -change, 0.0 * change))
    return beneficial, detrimental


def ledger_of(log):
    """The ledger of one pack's `tokens_full`, as arrays by name."""
    full = {name: np.exp(log["tokens_full"][name].values)
            for name in ("policy", "oracle")}
    policy, oracle = full["policy"], full["oracle"][:, None]
    kl = divergence(oracle, policy).sum(-1)
    beneficial, detrimental = (side.sum(-1) for side in
                               split(oracle, policy[:, :-1], policy[:, 1:]))
    return {"kl": kl, "beneficial": beneficial, "detrimental": detrimental}


def outcome_from(log):
    """Per segment, environment and probe the position whose next token is the diagnosis."""
    names = log["meta"].token.values
    diseases = set(log["belief"].disease.values)
    is_diagnosis = np.array([name in diseases for name in names])
    target = log["tokens"].target.values
    return np.argmax((target >= 0) & is_diagnosis[np.maximum(target, 0)], axis=-1)


def sums(values, start):
    """[..., part]: mean over probes of the sums before the diagnosis, from it on, over both."""
    place = np.arange(values.shape[-1])
    thinking = place < start[:, None, :, :, None]
    cut = [np.where(mask, values, 0) for mask in (thinking, ~thinking, True)]
    return np.stack([np.nansum(one, axis=-1).mean(axis=-1) for one in cut], axis=-1)


def alarm_times(segments, rng):
    time = np.full((segments, len(SERIES), len(DETECTORS), 2), -1)
    time[..., 0] = rng.integers(0, 20, time.shape[:3])
    kind = np.where(time >= 0, 1 + rng.integers(0, 2, time.shape), 0)
    return time, kind


def write(path, seed):
    """Writes NAME.analysis.h5 beside the pack NAME.h5."""
    with h5py.File(path) as file:
        groups = [name for name in ("meta", "tokens", "tokens_full", "belief") if name in file]
    log = {name: xr.open_dataset(path, group=name, engine="h5netcdf").load() for name in groups}
    full = log["tokens_full"]
    prefix, start = ledger_of(log), outcome_from(log)[:, :, :full.sizes["probe"]]
    out = h5netcdf.File(path.with_name(path.name.replace(".h5", ".analysis.h5")), "w")
    texts = h5py.string_dtype()
    with out:
        out.attrs["schema_version"] = np.int64(1)
        group = out.create_group("ledger")
        labels = {"checkpoint": full.checkpoint.values, "interval": full.checkpoint.values[1:],
                  "environment": full.environment.values, "part": PARTS}
        _axes(group, {"segment": full.sizes["segment"], "probe": full.sizes["probe"],
                      "position": full.sizes["position"]}, labels, texts)
        over = ("segment", "interval", "environment")
        for name, values in prefix.items():
            dims = ("segment", "checkpoint" if name == "kl" else "interval", "environment")
            _put(group, name, (*dims, "probe", "position"), values, "nat")
            _put(group, f"{name}_sum", (*dims, "part"), sums(values, start), "nat")
        net = sums(prefix["beneficial"] - prefix["detrimental"], start)
        _put(group, "net_sum", (*over, "part"), net, "nat")
        alarms = out.create_group("alarms")
        _axes(alarms, {"segment": full.sizes["segment"], "alarm": 2},
              {"series": SERIES, "detector": DETECTORS}, texts)
        dims = ("segment", "series", "detector", "alarm")
        time, kind = alarm_times(full.sizes["segment"], np.random.default_rng(seed))
        _put(alarms, "time", dims, time.astype("i8"), "1")
        _put(alarms, "kind", dims, kind.astype("u1"), "1")
        _put(alarms, "count", dims[:3], (kind == 2).sum(axis=-1).astype("i8"), "1")


def _axes(group, sizes, labels, texts):
    for name, size in sizes.items():
        group.dimensions[name] = size
    for name, values in labels.items():
        group.dimensions[name] = len(values)
        numbers = np.asarray(values).dtype.kind == "i"
        variable = group.create_variable(name, (name,), "i8" if numbers else texts)
        variable[:] = np.asarray(values, dtype="i8" if numbers else object)


def _put(group, name, dims, values, units):
    variable = group.create_variable(name, dims, values.dtype, data=values)
    variable.attrs["units"], variable.attrs["long_name"] = units, name
