# SPDX-License-Identifier: Apache-2.0
"""What other programs get of a run folder: sweep.h5 in xarray, a policy's tensors, a CSV table."""

import csv
import json
import pathlib
import struct
import subprocess

import numpy as np
import pytest
import xarray

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "build" / "release" / "tightrope-engine"
READER = ROOT / "build" / "release" / "tightrope-reader"
GROUPS = ("meta", "scalars", "evaluation", "drift", "tokens", "tokens_full", "belief")
SETTINGS = ("--set", "sweep={arms: {random: {}, counterfactual: {rft.optimizer: {type: cpo}, "
            "rft.expert: {type: concept_graph}}}, grid: {rft.stepper.lr: [0.01, 0.02]}}",
            "--set", "claims=[]", "--set", "pack=1", "--threads", "1", "--quiet")


def call(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True,
                          timeout=300, cwd=ROOT).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two workers, the second first."""
    if not (ENGINE.exists() and READER.exists()):
        pytest.skip(f"{ENGINE} is not built")
    out = tmp_path_factory.mktemp("shared") / "tiny"
    for shard in ("1/2", "0/2"):
        call(ENGINE, "worker", "--shard", shard, "--out", out, ROOT / "tests/experiments/tiny.yaml",
             *SETTINGS)
    call(READER, "collect", out)
    return out


def manifest(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def runs_of(folder):
    return [line for line in manifest(folder) if line["kind"] == "run"]


def opened(folder, group):
    return xarray.open_dataset(folder / "sweep.h5", group=group, engine="h5netcdf")


def test_every_group_opens_with_the_runs_as_coordinates(folder):
    runs = runs_of(folder)
    assert len(runs) == 8
    for group in GROUPS:
        with opened(folder, group) as data:
            assert data.sizes["run"] == 8, group
            for name in ("id", "row", "arm", "seed", "seed_set"):
                assert name in data.coords, f"{group}: {name}"
                assert list(data[name].values) == [run[name] for run in runs], f"{group}: {name}"
            np.testing.assert_array_equal(
                data.rft_stepper_lr, [run["values"]["rft.stepper.lr"] for run in runs])
            assert data.rft_stepper_lr.attrs["long_name"] == "rft.stepper.lr"
            assert set(data.status.values) == {"done"}
            for name, variable in data.data_vars.items():
                assert variable.attrs.get("long_name"), f"{group}/{name}"
                assert not any(d.startswith("phony") for d in variable.dims), f"{group}/{name}"


def test_values_are_those_of_the_packs(folder):
    segments = {line["id"]: line for line in manifest(folder) if line["kind"] == "segment"}
    with opened(folder, "evaluation") as data:
        assert list(data.stage.values) == ["sft", "rft"]
        for r, run in enumerate(runs_of(folder)):
            last = segments[run["id"]]
            for stage, line in (("rft", last), ("sft", segments[last["parent"]])):
                pack = folder / "packs" / f"{line['pack']}.h5"
                with xarray.open_dataset(pack, group="evaluation", engine="h5netcdf") as part:
                    np.testing.assert_array_equal(data.accuracy.sel(run=r, stage=stage),
                                                  part.accuracy.isel(segment=line["lane"]))


def test_results_are_selected_by_name(folder):
    with opened(folder, "evaluation") as data:
        final = data.accuracy.sel(stage="rft", environment="target", subset="all", checkpoint=60)
        means = final.groupby("arm").mean()
        with open(folder / "results.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["metric"] == "accuracy"
                    and row["environment"] == "target" and row["subset"] == "all"]
        for arm in ("random", "counterfactual"):
            values = [float(row["value"]) for row in rows if row["row"].split()[0] == arm]
            assert len(values) == 4
            assert float(means.sel(arm=arm)) == pytest.approx(np.mean(values))


def checkpoint(path):
    """The entries of a checkpoint file, by its description in docs/file-format.md."""
    data = path.read_bytes()
    assert data[:8] == b"TRCKPT\r\n"
    _, count = struct.unpack_from("<II", data, 8)
    at, out = 8 + 8 + 24, {}
    for _ in range(count):
        kind, length = struct.unpack_from("<BI", data, at)
        name = data[at + 5:at + 5 + length].decode()
        (size,) = struct.unpack_from("<Q", data, at + 5 + length)
        at += 13 + length
        if kind == 4:
            texts = []
            for _ in range(size):
                (length,) = struct.unpack_from("<I", data, at)
                texts.append(data[at + 4:at + 4 + length].decode())
                at += 4 + length
            out[name] = texts
        else:
            dtype = np.dtype(["u1", "<f4", "<f8", "<i8"][kind])
            out[name] = np.frombuffer(data, dtype, size, at)
            at += size * dtype.itemsize
    assert at == len(data)
    return out


def safetensors(path):
    """Header and tensors, by the format's description."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data, 0)
    header = json.loads(data[8:8 + length])
    tensors, end = {}, 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32"
        begin, stop = entry["data_offsets"]
        assert begin == end
        end = stop
        tensors[name] = np.frombuffer(data, "<f4", (stop - begin) // 4,
                                      8 + length + begin).reshape(entry["shape"])
    assert 8 + length + end == len(data)
    return header["__metadata__"], tensors


def test_a_policy_is_what_the_run_ended_with(folder, tmp_path):
    run = runs_of(folder)[5]
    file = tmp_path / "policy.safetensors"
    call(READER, "export", "policy", folder, run["id"], "--out", file)
    metadata, tensors = safetensors(file)
    saved = checkpoint(folder / "packs" / f"{run['pack']}.h5.policies")
    parameters = saved[run["id"]]
    assert sum(tensor.size for tensor in tensors.values()) == parameters.size > 1000
    layout = [json.loads(text) for text in saved["layout"]]
    assert [view["name"] for view in layout] == list(tensors)
    for view in layout:
        part = parameters[view["offset"]:view["offset"] + view["size"]]
        np.testing.assert_array_equal(tensors[view["name"]].ravel(), part)
        assert list(tensors[view["name"]].shape) == view["shape"]
    assert metadata["seed"] == str(run["seed"]) and metadata["row"] == run["row"]
    assert metadata["policy"] == "log_linear" and metadata["segment"] == run["id"]
    assert json.loads(metadata["config"])["experiment"] == "tiny"
    with opened(folder, "meta") as data:
        assert json.loads(metadata["vocabulary"]) == list(data.token.values)


def test_a_policy_is_found_by_row_and_seed(folder, tmp_path):
    run = runs_of(folder)[2]
    for name, choice in (("a", [run["id"][:12]]),
                         ("b", ["--row", run["row"], "--seed", str(run["seed"])])):
        call(READER, "export", "policy", folder, *choice, "--out", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_table_has_a_line_for_every_step(folder, tmp_path):
    call(READER, "export", "scalars", folder, "--out", tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 * 2 * 60
    with opened(folder, "scalars") as data:
        for row in rows[::37]:
            place = {"run": int(row["run"]), "stage": row["stage"], "step": int(row["step"])}
            assert float(row["loss"]) == float(data.loss.sel(place))
            assert float(row["rft.stepper.lr"]) == float(data.rft_stepper_lr.sel(run=place["run"]))
            assert row["arm"] == data.arm.sel(run=place["run"])
