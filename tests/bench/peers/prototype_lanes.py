# SPDX-License-Identifier: Apache-2.0
"""The DPO step of bench_policy_step in PyTorch, lanes batched along the first axis."""

import torch

DISEASES, ATTRIBUTES, MAX_MENTIONS = 12, 57, 18
THINK, ANSWER_NOW, EOS = 0, 1, 2
FIRST_DISEASE = 3
FIRST_ATTRIBUTE = FIRST_DISEASE + DISEASES
VOCABULARY = FIRST_ATTRIBUTE + 3 * ATTRIBUTES + 1
END = VOCABULARY - 1
CHANNELS = ATTRIBUTES
BETA, LR, DECAY, BETAS, CLIP = 0.3, 0.006, 0.05, (0.9, 0.98), 1.0


def grammar_mask():
    """[V, V] additive mask of the next token given the last one."""
    mask = torch.full((VOCABULARY, VOCABULARY), -1e9)
    mask[THINK, FIRST_ATTRIBUTE:] = 0
    for token in range(FIRST_ATTRIBUTE, END):
        first = FIRST_ATTRIBUTE + 3 * ((token - FIRST_ATTRIBUTE) // 3 + 1)
        mask[token, first:] = 0
    mask[[END, ANSWER_NOW], FIRST_DISEASE:FIRST_ATTRIBUTE] = 0
    mask[FIRST_DISEASE:FIRST_ATTRIBUTE, EOS] = 0
    mask[EOS] = 0
    return mask


def trajectories(count, generator):
    """Padded tokens [count, T] and the mask of their targets [count, T - 1]."""
    rows = []
    for _ in range(count):
        mentioned = torch.rand(ATTRIBUTES, generator=generator) < 6 / ATTRIBUTES
        style = torch.randint(3, (ATTRIBUTES,), generator=generator)
        findings = [
            FIRST_ATTRIBUTE + 3 * k + int(style[k]) for k in range(ATTRIBUTES) if mentioned[k]
        ]  # noqa: E501
        disease = FIRST_DISEASE + int(torch.randint(DISEASES, (1,), generator=generator))
        rows.append([THINK, *findings[:MAX_MENTIONS], END, disease, EOS])
    length = max(map(len, rows))
    tokens = torch.tensor([row + [EOS] * (length - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    mask = (torch.arange(1, length)[None] < lengths[:, None]).float()
    return tokens, mask, lengths


class Lanes:
    def __init__(self, lanes, pairs=1024, batch=32, seed=1):
        generator = torch.Generator().manual_seed(seed)
        self.lanes, self.batch, self.generator, self.step_index = lanes, batch, generator, 0
        shapes = {
            "weights": (lanes, 2 * CHANNELS, VOCABULARY),
            "bias": (lanes, 1, VOCABULARY),
            "bag": (lanes, VOCABULARY, VOCABULARY),
            "last": (lanes, VOCABULARY, VOCABULARY),
        }
        self.parameters = {k: torch.zeros(s, requires_grad=True) for k, s in shapes.items()}
        self.first = {k: torch.zeros(s) for k, s in shapes.items()}
        self.second = {k: torch.zeros(s) for k, s in shapes.items()}
        self.feature_mask = torch.ones(2 * CHANNELS, VOCABULARY)
        self.feature_mask[CHANNELS:, FIRST_DISEASE:FIRST_ATTRIBUTE] = 0
        self.grammar = grammar_mask()
        self.images = torch.randn(pairs, CHANNELS, generator=generator)
        self.chosen = trajectories(pairs, generator)
        self.rejected = trajectories(pairs, generator)
        self.reference = []
        with torch.no_grad():
            for tokens, mask, _ in (self.chosen, self.rejected):
                first = self.log_prob(self.images[None].expand(1, -1, -1), tokens[None], 1)
                self.reference.append((first[0] * mask).sum(-1))

    def log_prob(self, images, tokens, lanes):
        """[lanes, N, T - 1] log-prob of each target token."""
        p = {k: x[:lanes] for k, x in self.parameters.items()}
        features = torch.cat([images, images.abs().clamp_max(1.5)], -1)
        base = torch.baddbmm(p["bias"], features, p["weights"] * self.feature_mask)
        before = tokens[..., :-1]
        place = before + (torch.arange(lanes) * VOCABULARY)[:, None, None]
        bag = p["bag"].reshape(-1, VOCABULARY)[place].cumsum(2) * 0.5
        last = p["last"].reshape(-1, VOCABULARY)[place]
        logits = base[:, :, None] + bag + last + self.grammar[before]
        return logits.log_softmax(-1).gather(-1, tokens[..., 1:, None])[..., 0]

    def pick(self, rows):
        """The batch of pair indices [lanes, B], trimmed to its longest trajectory."""
        halves = []
        length = max(int(self.chosen[2][rows].max()), int(self.rejected[2][rows].max()))
        for tokens, mask, _ in (self.chosen, self.rejected):
            wide = torch.full((*rows.shape, length), EOS)
            size = min(length, tokens.shape[1])
            wide[..., :size] = tokens[rows][..., :size]
            scored = torch.zeros(*rows.shape, length - 1)
            scored[..., : size - 1] = mask[rows][..., : size - 1]
            halves.append((wide, scored))
        return halves

    def step(self):
        """One DPO step of every lane; returns the mean loss."""
        rows = torch.randint(len(self.images), (self.lanes, self.batch), generator=self.generator)
        (chosen, chosen_mask), (rejected, rejected_mask) = self.pick(rows)
        images = self.images[rows]
        log_prob = self.log_prob(
            torch.cat([images, images], 1), torch.cat([chosen, rejected], 1), self.lanes
        )
        ratio_chosen = (log_prob[:, : self.batch] * chosen_mask).sum(-1) - self.reference[0][rows]
        ratio_rejected = (log_prob[:, self.batch :] * rejected_mask).sum(-1) - self.reference[1][
            rows
        ]  # noqa: E501
        loss = -torch.nn.functional.logsigmoid(BETA * (ratio_chosen - ratio_rejected)).mean(1)
        loss.sum().backward()
        self.adamw()
        return float(loss.detach().mean())

    @torch.no_grad()
    def adamw(self):
        self.step_index += 1
        t, (b1, b2) = self.step_index, BETAS
        norm = sum(x.grad.flatten(1).pow(2).sum(1) for x in self.parameters.values()).sqrt()
        clip = (CLIP / (norm + 1e-6)).clamp_max(1.0).view(-1, 1, 1)
        for key, x in self.parameters.items():
            grad = x.grad * clip
            self.first[key].mul_(b1).add_(grad, alpha=1 - b1)
            self.second[key].mul_(b2).addcmul_(grad, grad, value=1 - b2)
            if key != "bias":
                x.mul_(1 - LR * DECAY)
            root = (self.second[key] / (1 - b2**t)).sqrt_().add_(1e-8)
            x.addcdiv_(self.first[key], root, value=-LR / (1 - b1**t))
            x.grad = None
