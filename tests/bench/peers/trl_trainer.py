# SPDX-License-Identifier: Apache-2.0
"""TRL's DPOTrainer on a GPT-2 of the same size, and its generate call. Offline."""

import os
import random
import time

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="")

import torch
import trl
from datasets import Dataset, load_from_disk
from tokenizers import Tokenizer, models, pre_tokenizers
from transformer_data import ADAMW, BETA, HEADS, LAYERS, MAX_NORM, WIDTH
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, TrainerCallback

VOCABULARY, PROMPT, ANSWER = 192, 5, 23  # 28 positions, with the image tokens and <think>


def make_model():
    ids = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    off = {"resid_pdrop": 0, "embd_pdrop": 0, "attn_pdrop": 0}
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_positions=64,
            n_embd=WIDTH,
            n_layer=LAYERS,
            n_head=HEADS,
            **ids,
            **off,
        )
    )


def make_tokenizer():
    words = {"[PAD]": 0, "[EOS]": 1, "[BOS]": 2, "[UNK]": 3}
    words.update({f"t{i}": i for i in range(4, VOCABULARY)})
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", eos_token="[EOS]", unk_token="[UNK]"
    )


class Watch(TrainerCallback):
    """Times blocks of steps from end to end and calls `between` outside the clock."""

    def __init__(self, block, between):
        self.block, self.between, self.done, self.begin = block, between, 0, None

    def on_step_end(self, *_, **__):
        self.done += 1
        if self.begin is None:
            self.done = 0 if self.done >= 8 else self.done  # warm
            self.begin = time.perf_counter() if self.done == 0 else None
        elif self.done == self.block:
            self.between(1e3 * (time.perf_counter() - self.begin) / self.block)
            self.done, self.begin = 0, time.perf_counter()


def train(folder, pairs, repeats, block, between):
    """Calls between(milliseconds per step) after each of `repeats` blocks of steps."""
    draw = random.Random(0)

    def words(n):
        return " ".join(f"t{draw.randrange(4, VOCABULARY)}" for _ in range(n))

    rows = [
        {"prompt": words(PROMPT) + " ", "chosen": words(ANSWER - 1), "rejected": words(ANSWER - 1)}
        for _ in range(16 * pairs)
    ]
    # TRL caches its columns next to the data.
    Dataset.from_list(rows).save_to_disk(str(folder / "pairs"))
    arguments = trl.DPOConfig(
        output_dir=str(folder), per_device_train_batch_size=pairs, max_steps=8 + repeats * block,
        learning_rate=ADAMW["lr"], weight_decay=ADAMW["weight_decay"], beta=BETA,
        precompute_ref_log_probs=True, bf16=False, fp16=False, gradient_checkpointing=False,
        report_to=[], logging_steps=10**6, save_strategy="no", use_cpu=True, max_grad_norm=MAX_NORM,
        optim="adamw_torch_fused", disable_tqdm=True, dataloader_num_workers=0,
    )  # fmt: skip
    trainer = trl.DPOTrainer(
        model=make_model(), args=arguments, train_dataset=load_from_disk(str(folder / "pairs")),
        processing_class=make_tokenizer(), callbacks=[Watch(block, between)],
    )  # fmt: skip
    trainer.train()


class Generate:
    name = "transformers generate"

    def __init__(self, sequences, count):
        torch.manual_seed(0)
        self.model = make_model().eval()
        self.prompt = torch.randint(4, VOCABULARY, (sequences, PROMPT))
        self.tokens_per_call, self.count = sequences * count, count

    def run(self, calls):
        with torch.inference_mode():
            for _ in range(calls):
                self.model.generate(
                    self.prompt, attention_mask=torch.ones_like(self.prompt), do_sample=True,
                    top_k=0, min_new_tokens=self.count, max_new_tokens=self.count, pad_token_id=0,
                )  # fmt: skip
