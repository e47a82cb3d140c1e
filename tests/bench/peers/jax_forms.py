# SPDX-License-Identifier: Apache-2.0
"""The same DPO step in JAX: one jitted step, a scan over steps, a vmap over lanes; and sampling
with a key-value cache in a scan over tokens. XLA_FLAGS must hold it to one thread."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from transformer_data import ADAMW, BETA, EPSILON, HEADS, IMAGE_TOKENS, LAYERS, MAX_NORM, WIDTH

HEAD = WIDTH // HEADS


def norm(x, gain):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * gain


def layer_names(weights):
    prefix = sorted(n[: -len("qkv")] for n in weights if n.endswith("qkv"))
    assert len(prefix) == LAYERS
    return prefix


def attend(q, k, v, allowed):
    score = jnp.einsum("bhqd,bhkd->bhqk", q, k) * HEAD**-0.5
    law = jax.nn.softmax(jnp.where(allowed, score, -1e30), -1)
    out = jnp.einsum("bhqk,bhkd->bhqd", law, v).transpose(0, 2, 1, 3)
    return out.reshape(*out.shape[:2], WIDTH)


def heads(weights, layer, x):
    parts = (norm(x, weights[layer + "norm_attention"]) @ weights[layer + "qkv"]).reshape(
        *x.shape[:2], 3, HEADS, HEAD
    )
    return [parts[:, :, j].transpose(0, 2, 1, 3) for j in range(3)]


def finish(weights, layer, x, attended):
    x = x + attended @ weights[layer + "attention_output"]
    hidden = norm(x, weights[layer + "norm_mlp"]) @ weights[layer + "mlp_in"]
    return x + jax.nn.gelu(hidden, approximate=True) @ weights[layer + "mlp_out"]


def image_rows(weights, images):
    return (images @ weights["image_projection"]).reshape(-1, IMAGE_TOKENS, WIDTH)


def forward(weights, images, tokens):
    rows = [image_rows(weights, images), weights["embedding"][tokens]]
    x = jnp.concatenate(rows, 1)[:, :-1]
    x = x + weights["positions"][: x.shape[1]]
    causal = jnp.tril(jnp.ones((x.shape[1], x.shape[1]), bool))
    for layer in layer_names(weights):
        x = finish(weights, layer, x, attend(*heads(weights, layer, x), causal))
    return norm(x[:, IMAGE_TOKENS:], weights["norm_final"]) @ weights["output_head"]


def dpo(weights, images, tokens, mask, reference):
    law = jax.nn.log_softmax(forward(weights, images, tokens), -1)
    log_prob = jnp.take_along_axis(law, tokens[:, 1:, None], -1)[..., 0]
    ratio = (log_prob * mask[:, 1:]).sum(1) - reference
    return -jax.nn.log_sigmoid(BETA * (ratio[0::2] - ratio[1::2])).mean()


class Form:
    """kind: one, scan (10 steps a call) or vmap (lanes a call)."""

    SCAN = 10

    def __init__(self, data, kind, lanes=16):
        self.name = f"JAX {jax.__version__} jit" + ("" if kind == "one" else " + " + kind)
        optimizer = optax.chain(
            optax.clip_by_global_norm(MAX_NORM),
            optax.adamw(ADAMW["lr"], weight_decay=ADAMW["weight_decay"], mask=data.decay),
        )
        weights = {n: jnp.asarray(w) for n, w in data.weights.items()}
        batch = [jnp.asarray(a) for a in (data.images, data.tokens, data.mask, data.reference)]

        def step(weights, state):
            loss, gradient = jax.value_and_grad(dpo)(weights, *batch)
            update, state = optimizer.update(gradient, state, weights)
            return optax.apply_updates(weights, update), state, loss

        def scan(weights, state):
            def body(carry, _):
                *carry, loss = step(*carry)
                return tuple(carry), loss

            (weights, state), losses = jax.lax.scan(body, (weights, state), length=self.SCAN)
            return weights, state, losses[-1]

        call = {"one": step, "scan": scan, "vmap": jax.vmap(step)}[kind]
        self.steps = {"one": 1, "scan": self.SCAN, "vmap": lanes}[kind]
        if kind == "vmap":
            weights = {n: jnp.stack([w] * lanes) for n, w in weights.items()}
            self.state = [weights, jax.vmap(optimizer.init)(weights)]
        else:
            self.state = [weights, optimizer.init(weights)]
        self.call = jax.jit(call, donate_argnums=(0, 1)).lower(*self.state).compile()

    def run(self, calls):
        for _ in range(calls):
            *self.state, loss = self.call(*self.state)
        return float(np.ravel(loss)[0])


class Sampling:
    """Tokens [count, sequences], drawn with a key-value cache."""

    def __init__(self, data, sequences, count):
        self.name = f"JAX {jax.__version__} jit + scan, sampling"
        self.weights = {n: jnp.asarray(w) for n, w in data.weights.items()}
        self.images = jnp.zeros((sequences, data.images.shape[1]))
        self.key = jax.random.key(0)
        self.tokens_per_call = sequences * count
        positions = IMAGE_TOKENS + count

        def rows(weights, x, caches, first, allowed):
            out = []
            for layer, (keys, values) in zip(layer_names(weights), caches, strict=True):
                q, k, v = heads(weights, layer, x)
                keys = jax.lax.dynamic_update_slice(keys, k, (0, 0, first, 0))
                values = jax.lax.dynamic_update_slice(values, v, (0, 0, first, 0))
                x = finish(weights, layer, x, attend(q, keys, values, allowed))
                out.append((keys, values))
            return norm(x[:, -1], weights["norm_final"]) @ weights["output_head"], out

        def sample(weights, images, key):
            empty = jnp.zeros((sequences, HEADS, positions, HEAD))
            at = jnp.arange(positions)
            x = image_rows(weights, images) + weights["positions"][:IMAGE_TOKENS]
            allowed = at[None] <= jnp.arange(IMAGE_TOKENS)[:, None]
            logits, caches = rows(weights, x, [(empty, empty)] * LAYERS, 0, allowed)

            def body(carry, key):
                logits, caches, t = carry
                token = jax.random.categorical(key, logits)
                x = (weights["embedding"][token] + weights["positions"][t])[:, None]
                return (*rows(weights, x, caches, t, (at <= t)[None]), t + 1), token

            keys = jax.random.split(key, count)
            return jax.lax.scan(body, (logits, caches, IMAGE_TOKENS), keys)[1]

        self.call = jax.jit(sample)

    def run(self, calls):
        for _ in range(calls):
            self.key, key = jax.random.split(self.key)
            self.call(self.weights, self.images, key).block_until_ready()
