# SPDX-License-Identifier: Apache-2.0
"""Times our detectors and river's on the same samples, interleaved on one pinned core, and checks
that both say drift at the same positions: tests/bench/peers/run detectors [--repeats 5] [--core 0].

Prints a Markdown table. "binding" is river's update() called from Python, as its users call it;
"ours" is scan(). Both are processor time per sample, the least over the repeats.
"""

import argparse
import array
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

from river import drift
from river.drift import binary

# Name in the table, our YAML, river's detector, which stream.
PAIRS = [
    ("ADWIN", "{type: adwin}", drift.ADWIN, "value"),
    ("ADWIN, clock 1", "{type: adwin, clock: 1}", lambda: drift.ADWIN(clock=1), "value"),
    ("Page-Hinkley", "{type: page_hinkley}", drift.PageHinkley, "value"),
    ("DDM", "{type: ddm}", binary.DDM, "error"),
    ("EDDM", "{type: eddm}", binary.EDDM, "error"),
    ("HDDM_A", "{type: hddm_a}", binary.HDDMA, "error"),
    ("HDDM_W", "{type: hddm_w}", binary.HDDMW, "error"),
    ("FHDDM", "{type: fhddm}", binary.FHDDM, "error"),
]
# Its choice of old samples is random, and each program draws its own: only times are compared.
RANDOM = [("KSWIN", "{type: kswin}", lambda: drift.KSWIN(seed=1), "value")]


def streams(length):
    """Streams on which alarms are compared, and for times the quiet ones, by kind."""
    draws = random.Random(20261126)
    value = {
        "quiet": [math.sin(0.7 * i) for i in range(length)],
        "steps": [math.sin(0.7 * i) + 2 * (i // 5000 % 2) for i in range(50000)],
        "noise": [draws.gauss(0, 1) + (i // 4000 % 3) * 0.8 for i in range(60000)],
        "ramp": [draws.gauss(0, 1) + i / 10000 for i in range(40000)],
    }
    error = {
        "quiet": [float(draws.random() < 0.2) for _ in range(length)],
        "steps": [float(draws.random() < (0.1, 0.5)[i // 3000 % 2]) for i in range(60000)],
        "ramp": [float(draws.random() < 0.1 + 0.4 * (i % 8000) / 8000) for i in range(60000)],
    }
    return {"value": value, "error": error}


def run_river(make, samples):
    detector = make()
    update = detector.update
    begin = time.process_time()
    for x in samples:
        update(x)
    return 1e9 * (time.process_time() - begin) / len(samples)


def river_alarms(make, samples):
    detector = make()
    alarms = []
    for i, x in enumerate(samples):
        detector.update(x)
        if detector.drift_detected:
            alarms.append(i)
    return alarms


class Ours:
    """bench_detectors over samples in files."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.paths = {}

    def path(self, key, samples):
        if key not in self.paths:
            self.paths[key] = os.path.join(self.folder, "_".join(key))
            with open(self.paths[key], "wb") as file:
                array.array("d", samples).tofile(file)
        return self.paths[key]

    def run(self, yaml, key, samples):
        out = subprocess.run([self.program, "run", yaml, self.path(key, samples)], check=True,
                             capture_output=True, text=True).stdout
        return json.loads(out)


def compare(pair, ours, data, repeats, same_alarms):
    title, yaml, make, kind = pair
    counts = []
    for name, samples in data[kind].items():
        if not same_alarms:
            break
        mine = ours.run(yaml, (kind, name), samples)["drift"]
        theirs = river_alarms(make, samples)
        if mine != theirs:
            at = len(os.path.commonprefix([mine, theirs]))
            sys.exit(f"{title} on {kind}/{name}: alarm {at} differs: {mine[at:at + 3]} here, "
                     f"{theirs[at:at + 3]} by river")
        counts.append(len(mine))
    quiet = data[kind]["quiet"]
    quiet = quiet if same_alarms else quiet[:20000]
    own, peer = [], []
    for _ in range(repeats):
        own.append(ours.run(yaml, (kind, f"quiet{len(quiet)}"), quiet)["ns"])
        peer.append(run_river(make, quiet))
    ratio = statistics.median(b / a for a, b in zip(own, peer, strict=True))
    alarms = f"equal ({sum(counts)} in {len(counts)} streams)" if same_alarms else "not compared"
    return f"| {title} | {min(own):.1f} | {min(peer):.0f} | {ratio:.0f} x | {alarms} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--length", type=int, default=1_000_000)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})  # children inherit it
    known = subprocess.run([arguments.program, "list"], check=True, capture_output=True,
                           text=True).stdout.split()
    data = streams(arguments.length)
    print("| detector | ours, ns | binding, ns | median ratio | alarms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(arguments.program, folder)
        for pairs, same_alarms in ((PAIRS, True), (RANDOM, False)):
            for pair in pairs:
                if pair[1].strip("{}").split(",")[0].split()[1] in known:
                    print(compare(pair, ours, data, arguments.repeats, same_alarms), flush=True)


if __name__ == "__main__":
    main()
