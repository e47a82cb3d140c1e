# SPDX-License-Identifier: Apache-2.0
"""Times lanes of the autograd transformer, stepped together on a device, beside JAX's vmap of the
same step on the same device, interleaved: tests/bench/peers/run lanes. Says why and ends where
there is no GPU."""

import argparse
import os
import tempfile

from compare_transformer import Server, check_losses, clock, report


def compare(program, device, pairs, lanes, repeats):
    from jax_forms import Form
    from transformer_data import TransformerData

    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder, pairs, device, lanes)
        said = server.line()
        if said.startswith("skipped"):
            print(said)
            return False
        losses = [server.ask("together")[1] for _ in range(4)]
        peer = Form(TransformerData(folder, pairs), "vmap", lanes)
        check_losses(peer.name, [peer.run(1) for _ in range(4)], losses)
        steps = max(2, 256 // lanes)
        theirs, ours = [], []
        for _ in range(repeats):
            theirs.append(clock(peer, steps) / steps / lanes)
            ours.append(server.ask("together", steps)[0])
        report(f"{peer.name}, {lanes} lanes of {pairs} pairs", theirs, ours)
        server.close()
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--lanes", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    os.environ["JAX_PLATFORMS"] = arguments.device
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    for lanes in arguments.lanes:
        if not compare(arguments.program, arguments.device, 16, lanes, arguments.repeats):
            return


if __name__ == "__main__":
    main()
