# SPDX-License-Identifier: Apache-2.0
"""Times one lane's DPO step in PyTorch and in bench_policy_step, interleaved on one pinned core:
tests/bench/peers/run log_linear [--repeats 24] [--lanes 10] [--core 0]."""

import argparse
import os
import statistics
import subprocess
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--repeats", type=int, default=24)
    parser.add_argument("--lanes", type=int, default=10)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--steps", type=int, default=10, help="PyTorch steps per repeat")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})  # children inherit it

    import torch
    from prototype_lanes import Lanes

    torch.set_num_threads(1)
    lanes = Lanes(arguments.lanes)
    first = lanes.step()
    for _ in range(4):
        lanes.step()
    ratios, theirs, ours = [], [], []
    for _ in range(arguments.repeats):
        begin = time.perf_counter()
        for _ in range(arguments.steps):
            loss = lanes.step()
        spent = time.perf_counter() - begin
        theirs.append(1e3 * spent / arguments.steps / arguments.lanes)
        output = subprocess.run(
            [arguments.program, "1500"], check=True, capture_output=True, text=True
        )  # noqa: E501
        ours.append(float(output.stdout))
        ratios.append(theirs[-1] / ours[-1])
    print(f"PyTorch {torch.__version__}, {arguments.lanes} lanes, loss {first:.4f} -> {loss:.4f}")
    for name, values in (("PyTorch", theirs), ("tightrope", ours)):
        print(
            f"{name:10s} ms per step and lane: median {statistics.median(values):.4f}, "
            f"best {min(values):.4f}, worst {max(values):.4f}"
        )
    print(
        f"ratio: median {statistics.median(ratios):.1f} over {len(ratios)} interleaved repeats "
        f"(from {min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
