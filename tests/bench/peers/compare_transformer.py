# SPDX-License-Identifier: Apache-2.0
"""Times the transformer's DPO step and its sampling beside PyTorch, JAX and TRL, interleaved on one
pinned core, on the same parameters and pairs: tests/bench/peers/run transformer."""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

median = statistics.median


class Server:
    """A benchmark program on its own pairs, which answers one line per command."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(
            [program, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def line(self):
        return self.process.stdout.readline().rstrip()

    def ask(self, command, count=1):
        self.process.stdin.write(f"{command} {count}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.line().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def clock(peer, calls):
    begin = time.perf_counter()
    peer.run(calls)
    return 1e3 * (time.perf_counter() - begin)


def report(name, theirs, ours, unit="ms"):
    ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
    print(
        f"{name:44s} {median(theirs):9.3f} {unit} against {median(ours):7.3f}: "
        f"median ratio {median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f}, "
        f"{len(ratios)} repeats), of the minima {min(theirs) / min(ours):6.2f}",
        flush=True,
    )


def compare_steps(program, pairs, shared, repeats, jax_too=True):
    from torch_eager import Eager
    from transformer_data import TransformerData

    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder, pairs, shared)
        losses = [server.ask("step")[1] for _ in range(4)]
        data = TransformerData(folder, pairs)
        peers = [Eager(data)]
        if jax_too:
            from jax_forms import Form

            peers += [Form(data, kind) for kind in ("one", "scan", "vmap")]
        for peer in peers:
            if getattr(peer, "steps", 1) == 1:
                check_losses(peer.name, [peer.run(1) for _ in range(4)], losses)
            else:
                peer.run(1)
        times = {peer.name: ([], []) for peer in peers}
        peaks = []
        target = max(4, 100 // pairs)  # steps a repeat
        for _ in range(repeats):
            for peer in peers:
                steps = getattr(peer, "steps", 1)
                calls = -(-target // steps)
                times[peer.name][0].append(clock(peer, calls) / (calls * steps))
                times[peer.name][1].append(server.ask("step", 3 * target)[0])
            peaks.append(server.ask("peak")[0])
        flops = data.step_flops(shared)
        shares = [flops / 1e6 / t / p for t, p in zip(times[peers[0].name][1], peaks, strict=True)]
        print(
            f"\n{pairs} pairs, {shared} findings shared, losses {losses[0]:.6f} .. {losses[3]:.6f}"
        )
        print(
            f"own work {flops / 1e6:.0f} MFLOP a step, {100 * median(shares):.0f} % of the "
            f"product's {median(peaks):.0f} GFLOP/s"
        )
        for name, (theirs, ours) in times.items():
            report(name, theirs, ours)
        server.close()


def check_losses(name, theirs, ours):
    worst = max(abs(a - b) / abs(b) for a, b in zip(theirs, ours, strict=True))
    if worst > 1e-4:
        raise SystemExit(f"{name}: losses {theirs} are not {ours}")


def compare_trl(program, pairs, repeats):
    from trl_trainer import train

    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder, pairs, 0)
        theirs, ours = [], []

        def between(milliseconds):
            theirs.append(milliseconds)
            ours.append(server.ask("step", 20)[0])

        train(Path(folder), pairs, repeats, 6, between)
        print(f"\n{pairs} pairs, TRL (a GPT-2 of the size, data of its own)")
        report("TRL DPOTrainer", theirs, ours)
        server.close()


def compare_sampling(program, repeats, sequences=64, count=24):
    from jax_forms import Sampling
    from transformer_data import TransformerData
    from trl_trainer import Generate

    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder, 16, 0)
        tokens = server.ask("sample", 4)[1]
        peers = [
            Sampling(TransformerData(folder, 16), sequences, count),
            Generate(sequences, count),
        ]
        print(f"\nsampling {sequences} sequences of {count} tokens (ours {tokens:.1f}), per token")
        for peer in peers:
            peer.run(2)
            theirs, ours = [], []
            for _ in range(repeats):
                theirs.append(1e3 * clock(peer, 3) / 3 / peer.tokens_per_call)
                spent, tokens = server.ask("sample", 10)
                ours.append(1e3 * spent / sequences / tokens)
            report(peer.name, theirs, ours, "us")
        server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--repeats", type=int, default=24)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--only", choices=["steps", "trl", "sampling"])
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})  # children inherit it
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    program, repeats = arguments.program, arguments.repeats
    if arguments.only in (None, "steps"):
        compare_steps(program, 16, 0, repeats)
        compare_steps(program, 16, 14, repeats, jax_too=False)
        compare_steps(program, 2, 0, repeats)
    if arguments.only in (None, "sampling"):
        compare_sampling(program, repeats)
    if arguments.only in (None, "trl"):
        compare_trl(program, 16, repeats)


if __name__ == "__main__":
    main()
