# SPDX-License-Identifier: Apache-2.0
"""The parameters and pairs that bench_transformer_server writes, as numpy arrays."""

from pathlib import Path

import numpy as np

LAYERS, WIDTH, HEADS, IMAGE_TOKENS, EPSILON, BETA = 2, 64, 4, 4, 1e-5, 0.3
ADAMW = {"lr": 1e-4, "weight_decay": 0.01}
MAX_NORM = 1.0


class TransformerData:
    """weights {name: array}, decay {name: bool}, images [2 N, C], tokens and mask [2 N, T] (chosen
    and rejected in turn), reference [2 N]: the reference log-prob of each trajectory."""

    def __init__(self, folder, pairs):
        folder = Path(folder)
        flat = np.fromfile(folder / "parameters.f32", np.float32)
        self.weights, self.decay = {}, {}
        for line in (folder / "layout.txt").read_text().splitlines():
            name, offset, decay, *shape = line.split()
            shape, offset = [int(extent) for extent in shape], int(offset)
            self.weights[name] = flat[offset : offset + int(np.prod(shape))].reshape(shape).copy()
            self.decay[name] = decay == "1"
        images = np.fromfile(folder / "images.f32", np.float32).reshape(pairs, -1)
        self.images = np.repeat(images, 2, axis=0)
        self.tokens = np.fromfile(folder / "tokens.i32", np.int32).reshape(2 * pairs, -1)
        self.mask = np.fromfile(folder / "mask.f32", np.float32).reshape(self.tokens.shape)
        log_prob = np.fromfile(folder / "reference.f32", np.float32).reshape(self.tokens.shape)
        self.reference = (log_prob * self.mask).sum(1)
        self.pairs = pairs
        self.vocabulary = self.weights["embedding"].shape[0]

    def step_flops(self, shared):
        """What one DPO step of tightrope multiplies and adds, by the rows it visits: the image and
        the common beginning once, the last layer's queries and MLP only where a row is read; the
        causal half of attention; backward twice forward, for the image once."""
        d, f, v, text = WIDTH, 4 * WIDTH, self.vocabulary, self.tokens.shape[1]
        own = text - 2 - shared  # neither <think> nor <eos>, whose row predicts nothing
        lengths = [*range(1, IMAGE_TOKENS + 1 + shared + 1)]
        lengths += 2 * [*range(len(lengths) + 1, len(lengths) + own + 1)]
        rows, read = len(lengths), len(lengths) - IMAGE_TOKENS
        full = 2 * rows * (4 * d * d + 2 * d * f) + 4 * d * sum(lengths)
        last = 2 * rows * 2 * d * d + 2 * read * (2 * d * d + 2 * d * f)
        last += 4 * d * sum(lengths[IMAGE_TOKENS:])
        image = 2 * self.images.shape[1] * IMAGE_TOKENS * d
        forward = (LAYERS - 1) * full + last + 2 * read * d * v
        return self.pairs * (3 * forward + 2 * image)
