# SPDX-License-Identifier: Apache-2.0
"""The same DPO step in PyTorch, eager, with the fused AdamW."""

import torch
import torch.nn.functional as F
from torch import nn
from transformer_data import ADAMW, BETA, EPSILON, HEADS, IMAGE_TOKENS, LAYERS, MAX_NORM, WIDTH


class Linear(nn.Linear):
    def __init__(self, weight):
        super().__init__(*weight.shape, bias=False)
        with torch.no_grad():
            self.weight.copy_(torch.from_numpy(weight.T.copy()))


class Norm(nn.LayerNorm):
    def __init__(self, gain):
        super().__init__(WIDTH, eps=EPSILON, bias=False)
        with torch.no_grad():
            self.weight.copy_(torch.from_numpy(gain))


class Block(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.norm_attention, self.norm_mlp = (
            Norm(weights["norm_attention"]),
            Norm(weights["norm_mlp"]),
        )
        self.qkv, self.output = Linear(weights["qkv"]), Linear(weights["attention_output"])
        self.mlp_in, self.mlp_out = Linear(weights["mlp_in"]), Linear(weights["mlp_out"])

    def forward(self, x):
        b, t, d = x.shape
        parts = self.qkv(self.norm_attention(x)).view(b, t, 3, HEADS, d // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(a.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.norm_mlp(x)), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.image = Linear(weights["image_projection"])
        self.embedding = nn.Embedding.from_pretrained(
            torch.from_numpy(weights["embedding"]), freeze=False
        )
        self.positions = nn.Parameter(torch.from_numpy(weights["positions"]))
        self.blocks = nn.ModuleList()
        for i in range(LAYERS):
            layer = {n.rsplit(".", 1)[1]: w for n, w in weights.items() if f"{i}." in n}
            self.blocks.append(Block(layer))
        self.norm_final, self.head = Norm(weights["norm_final"]), Linear(weights["output_head"])

    def forward(self, images, tokens):
        """Logits [N, T-1, V] of the tokens after each token but the last."""
        x = torch.cat([self.image(images).view(-1, IMAGE_TOKENS, WIDTH), self.embedding(tokens)], 1)
        x = x[:, :-1]
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm_final(x[:, IMAGE_TOKENS:]))


class Eager:
    name = f"PyTorch {torch.__version__} eager, fused AdamW"

    def __init__(self, data):
        torch.set_num_threads(1)
        self.model = Decoder(data.weights)
        self.images, self.mask = torch.from_numpy(data.images), torch.from_numpy(data.mask)
        self.tokens = torch.from_numpy(data.tokens).long()
        self.reference = torch.from_numpy(data.reference)
        gains = [p for n, p in self.model.named_parameters() if "norm" in n]
        others = [p for n, p in self.model.named_parameters() if "norm" not in n]
        groups = [{"params": others}, {"params": gains, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, **ADAMW, fused=True)

    def run(self, steps):
        for _ in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            logits = self.model(self.images, self.tokens)
            nll = F.cross_entropy(
                logits.flatten(0, 1), self.tokens[:, 1:].flatten(), reduction="none"
            )
            log_prob = -(nll.view(logits.shape[:2]) * self.mask[:, 1:]).sum(1)
            ratio = log_prob - self.reference
            loss = -F.logsigmoid(BETA * (ratio[0::2] - ratio[1::2])).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
            self.optimizer.step()
        return loss.item()
