# SPDX-License-Identifier: Apache-2.0
"""tightrope.open against plain xarray on the packs that the manifest names."""

import functools
import json
import shutil

import h5py
import numpy as np
import pytest
import xarray as xr

import tightrope


@pytest.fixture(scope="session")
def plan(folder):
    """The manifest as plain dictionaries: runs by id, segments by id."""
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    return {kind: {line["id"]: line for line in lines if line["kind"] == kind}
            for kind in ("run", "segment")}


@functools.cache
def pack_of(path, group):
    with xr.open_dataset(path, group=group, engine="h5netcdf") as data:
        return data.load()


def read_plainly(folder, segment, group, name):
    values = pack_of(folder / "packs" / f"{segment['pack']}.h5", group)[name]
    return values.isel(segment=segment["lane"]) if "segment" in values.dims else values


@pytest.mark.parametrize("group, name", [
    ("scalars", "loss"), ("scalars", "rewards_margins"), ("scalars", "wall_seconds"),
    ("evaluation", "accuracy"), ("tokens", "policy"), ("tokens", "token"), ("tokens", "valid"),
    ("tokens_full", "policy"), ("tokens_full", "oracle"), ("belief", "oracle"), ("drift", "kl"),
    ("drift", "event_factor"), ("meta", "config"), ("meta", "parent")])
def test_every_number_is_the_packs_number(folder, log, plan, group, name):
    lazy = log[group][name]
    compared = 0
    for run in plan["run"].values():
        segment = plan["segment"][run["id"]]
        while segment:
            mine = lazy.sel(run=run["id"]).isel(stage=segment["stage"])
            try:
                theirs = read_plainly(folder, segment, group, name)
            except KeyError:
                assert mine.isnull().all()  # this stage's rule does not log it
            else:
                axes = {d: theirs[d] for d in theirs.dims if d in theirs.coords}
                np.testing.assert_array_equal(mine.sel(axes).values, theirs.values)
                if mine.dtype.kind == "f":
                    assert mine.notnull().sum() == theirs.notnull().sum()  # the rest is absent
                compared += 1
            segment = plan["segment"].get(segment["parent"])
    assert compared >= len(plan["run"])


def test_a_shared_stage_is_read_once(log, monkeypatch):
    reads = []
    from tightrope._pack import Pack
    read = Pack.read
    monkeypatch.setattr(Pack, "read", lambda *a: reads.append(a[0].base.name) or read(*a))
    weak = log.scalars.loss.sel(confounding=0, stage="sft").values  # two arms, one SFT stage
    assert len(reads) == len(set(reads)) == 1
    np.testing.assert_array_equal(weak[:3], weak[3:])


def test_nothing_is_read_before_it_is_asked_for(folder, monkeypatch):
    from tightrope._pack import Pack
    fresh = tightrope.open(folder)
    fresh.tokens_full  # noqa: B018  the layout alone
    monkeypatch.setattr(Pack, "read", lambda *a: pytest.fail("read a block"))
    cut = fresh.tokens_full.policy.sel(row="cpo", seed=1).isel(probe=0)
    assert cut.dims == ("run", "stage", "checkpoint", "environment", "position", "vocab")
    repr(cut)


def test_a_cut_before_reading_equals_a_cut_after(log):
    lazy, whole = log.belief.policy, log.belief.policy.load()
    for cut in ({"probe": [2, 0]}, {"position": slice(None, None, 3)}, {"run": [5, 0, 5]},
                {"checkpoint": -1, "disease": 4}, {"stage": 1, "run": slice(2, 7, 2)},
                {"position": slice(3, 3)}, {"position": slice(None, None, -1)}):
        np.testing.assert_array_equal(lazy.isel(cut).values, whole.isel(cut).values)


def test_selection_by_any_parameter(log):
    accuracy = log.evaluation.accuracy
    one = accuracy.sel(row="cpo", seed=2)
    assert one.sizes["run"] == 1 and one.row.item() == "cpo" and one.seed.item() == 2
    assert accuracy.sel(confounding=0).sizes["run"] == 6
    assert set(accuracy.sel(propose="nearest").row.values) == {"cpo", "cpo_weak"}
    assert set(accuracy.sel(confounding=slice(1, 3), seed=[0, 2]).seed.values) == {0, 2}
    assert "run" not in accuracy.sel(run=one.run.item()).dims
    assert accuracy.confounding.attrs["path"] == "world.confounding"
    assert accuracy.optimizer_type.sel(row="dpo_random").values.tolist() == ["dpo"] * 3
    cut = log.sel(row="cpo", stage="rft", environment="target")
    assert cut.evaluation.accuracy.dims == ("run", "checkpoint", "subset")
    assert cut.scalars.loss.dims == ("run", "step") and cut.runs.sizes["run"] == 3


def test_the_run_index_serves_xarrays_operations(log):
    accuracy = log.evaluation.accuracy.sel(stage="rft", environment="target", subset="all")
    means = accuracy.groupby("row").mean()
    np.testing.assert_allclose(means.sel(row="cpo"), accuracy.sel(row="cpo").mean("run"))
    halves = xr.concat([accuracy.isel(run=slice(0, 5)), accuracy.isel(run=slice(5, None))], "run")
    xr.testing.assert_equal(halves, accuracy)
    assert accuracy.where(accuracy.row == "cpo", drop=True).sizes["run"] == 3
    assert (accuracy + accuracy).sel(row="cpo").sizes["run"] == 3
    assert accuracy.sortby("seed").seed.values.tolist() == sorted(accuracy.seed.values)
    assert len(accuracy.to_series()) == accuracy.size
    both = log.evaluation.assign(gap=log.evaluation.accuracy - log.evaluation.oracle_accuracy)
    assert both.gap.sel(row="cpo", seed=1).sizes["run"] == 1
    both["twice"] = 2 * both.accuracy
    assert both.sel(confounding=0).twice.sizes["run"] == 6
    table = accuracy.tightrope.to_dataframe()
    assert {"run", "row", "seed", "confounding", "accuracy"} <= set(table.columns)
    cell = table[(table.row == "cpo") & (table.seed == 1) & (table.checkpoint == 20)]
    assert cell.accuracy.item() == accuracy.sel(row="cpo", seed=1, checkpoint=20).item()
    assert log.evaluation.isel(run=[3, 1]).row.values.tolist() == [
        log.evaluation.row.values[place] for place in (3, 1)]
    assert accuracy.rename(row="arm").sel(arm="cpo").sizes["run"] == 3
    with pytest.raises(ValueError, match="different runs. Pair them by seed"):
        accuracy.sel(row="cpo") - accuracy.sel(row="cpo_weak")


@pytest.mark.parametrize("labels, message", [
    ({"row": "cpoo"}, r"no run has row=cpoo; did you mean \"cpo\"\? \(there are: dpo_random"),
    ({"seed": 7}, r"no run has seed=7 \(there are: 0, 1, 2\)"),
    ({"confounding": 1.5}, r"no run has confounding=1.5.* \(there are: [^,]*, [^,]*\)"),
    ({"row": "cpo", "confounding": 0}, "no run has row=cpo and confounding=0"),
    ({"row": slice("a", "b")}, "row cannot be sliced")])
def test_a_label_that_no_run_has(log, labels, message):
    with pytest.raises(KeyError, match=message):
        log.evaluation.sel(labels)


def test_one_stage_alone_has_its_own_axes(folder, log):
    rft = tightrope.open(folder, stage="rft")
    assert rft.scalars.loss.dims == ("run", "step") and rft.scalars.sizes["step"] == 20
    assert rft.evaluation.checkpoint.values.tolist() == [0, 10, 20]
    np.testing.assert_array_equal(
        rft.scalars.loss, log.scalars.loss.sel(stage="rft", step=slice(0, 19)))
    with pytest.raises(ValueError, match='unknown stage "rf"; did you mean "rft"'):
        tightrope.open(folder, stage="rf")


def test_groups_are_attributes_and_items(log):
    assert " ".join(log) == "meta scalars evaluation tokens tokens_full belief drift"
    assert log.drift is log["drift"] and "belief" in dir(log)
    assert log.runs.status.values.tolist() == [["done", "done"]] * 12
    assert "12 (4 arms, 3 seeds)" in repr(log) and "confounding" in repr(log)
    assert log.to_datatree()["evaluation/accuracy"].sizes == log.evaluation.accuracy.sizes
    with pytest.raises(AttributeError, match="`tightrope analyze"):
        log.ledger  # noqa: B018
    with pytest.raises(KeyError, match='no group "scalar"; did you mean "scalars"'):
        log["scalar"]


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match='did you mean "small"'):
        tightrope.open(folder.with_name("smal"))
    with pytest.raises(ValueError, match="run folders in it: small"):
        tightrope.open(folder.parent)
    with pytest.raises(ValueError, match="is not a run folder: it has no manifest.jsonl"):
        tightrope.open(tmp_path)
    with pytest.raises(ValueError, match="is a file: open its run folder"):
        tightrope.open(folder / "packs/pack_0000.h5")


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_unfinished_folders(copy):
    whole = tightrope.open(copy)
    loss = whole.scalars.loss.values
    (copy / "packs/pack_0005.h5").unlink()
    (copy / "packs/pack_0004.h5").rename(copy / "packs/pack_0004.h5.partial")
    with h5py.File(copy / "packs/pack_0004.h5.partial", "r+") as file:  # rows yet to come
        file["scalars/loss"].resize(11, axis=1)
    part = tightrope.open(copy)
    status = part.runs.status.sel(stage="rft")
    state = {row: status.sel(row=row).values[0] for row in whole.manifest.rows}
    assert sorted(state.values()) == ["done", "done", "missing", "partial"]
    for row, what in state.items():
        expected = {"done": 20, "partial": 11, "missing": 0}[what]
        mine = part.scalars.loss.sel(row=row, stage="rft")
        assert mine.notnull().sum("step").values.tolist() == [expected] * 3
        norm = part.scalars.gradient_norm.sel(row=row, stage="rft")  # cut to the shortest
        assert norm.notnull().sum("step").values.tolist() == [expected] * 3
        np.testing.assert_array_equal(mine.values[:, :expected],
                                      loss[whole.runs.row == row, 1, :expected])
    table = part.table()
    assert table[table.n == 0].arm.nunique() == 2  # as `tightrope table` has it: unfinished is none
    shutil.rmtree(copy / "packs")
    with pytest.raises(ValueError, match="has a plan but no log yet.*--resume"):
        tightrope.open(copy)


def test_damaged_folders(copy):
    manifest = copy / "manifest.jsonl"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines[:3], lines[3][:40]]))
    with pytest.raises(ValueError, match=r"manifest.jsonl:4: damaged manifest"):
        tightrope.open(copy)
    manifest.write_text("\n".join(lines))
    with h5py.File(copy / "packs/pack_0001.h5", "r+") as file:
        file.attrs["schema_version"] = 99
    with pytest.raises(ValueError, match="schema version 99; this package reads up to 1"):
        tightrope.open(copy)
    (copy / "packs/pack_0001.h5").write_bytes(b"nothing")
    with pytest.raises(OSError, match="pack_0001.h5: not a readable log"):
        tightrope.open(copy)


def damage(change):
    def apply(path):
        with h5py.File(path, "r+") as file:
            change(file)
    return apply


def replaced(group, name, **as_what):
    def change(file):
        del file[f"{group}/{name}"]
        file[group].create_dataset(name, **as_what)
    return damage(change)


@pytest.mark.parametrize("harm", [
    replaced("meta", "config", data="no list"),
    replaced("meta", "config", data=["{broken"] * 3),
    replaced("meta", "stage", data=np.arange(3.0).reshape(3, 1)),
    replaced("evaluation", "checkpoint", shape=(2**50,), chunks=(1024,), dtype="i8"),
    replaced("evaluation", "accuracy", data=np.float64(3)),
    damage(lambda file: file.__delitem__("meta")),
    damage(lambda file: file["evaluation"].__setitem__("loop", h5py.SoftLink("/evaluation/loop"))),
    lambda path: path.write_bytes(path.read_bytes()[:30_000]),
    lambda path: path.write_bytes(path.read_bytes()[:2000] + b"\0" * 50_000)])
def test_hostile_logs_are_named_or_absent(copy, harm):
    """The error says which file, or what cannot be read is absent; never another exception."""
    harm(copy / "packs/pack_0003.h5")
    try:
        log = tightrope.open(copy)
        for group in ("meta", "scalars", "evaluation", "tokens"):
            for variable in log[group].data_vars.values():
                variable.isel(run=slice(0, 3)).load()
    except OSError as error:
        assert "pack_0003.h5" in str(error)


def test_packs_with_different_vocabularies_share_token_names(copy):
    """A rule world has other tokens than a generative one: ids and axes are joined by name."""
    path = copy / "packs/pack_0005.h5"
    whole = tightrope.open(copy)
    rows = [run.id for run in whole.manifest.runs if run.path[-1].pack == "pack_0005"]
    ids, laws = whole.tokens.token.sel(run=rows), whole.tokens_full.policy.sel(run=rows)
    ids, laws = ids.sel(stage="rft").values, laws.sel(stage="rft").values
    with h5py.File(path, "r+") as file:
        names = [text.decode() for text in file["meta/token"][()]]
        other = [f"{name}'" if name.startswith("+") else name for name in reversed(names)]
        file["meta/token"][:] = other
    log = tightrope.open(copy)
    assert len(log.vocabulary) == len(names) + sum(name.startswith("+") for name in names)
    mine = log.tokens.token.sel(run=rows, stage="rft").values
    assert (mine[ids < 0] == -1).all() and (ids >= 0).sum() > 1000
    np.testing.assert_array_equal(log.vocabulary[mine[ids >= 0]], np.array(other)[ids[ids >= 0]])
    full = log.tokens_full.policy.sel(run=rows, stage="rft")
    np.testing.assert_array_equal(full.sel(vocab=other).values, laws)
    assert full.sel(vocab=[n for n in names if n.startswith("+")]).isnull().all()
    others = [run.id for run in whole.manifest.runs if run.id not in rows]
    np.testing.assert_array_equal(log.tokens_full.policy.sel(run=others, vocab=names),
                                  whole.tokens_full.policy.sel(run=others))
