# SPDX-License-Identifier: Apache-2.0
"""Writes text_scores.json beside itself: BLEU, ROUGE-L, METEOR, CIDEr-D by their Python packages.

Needs nltk 3.10.4, rouge_score 0.1.2, pycocoevalcap 1.2 (and no data files of nltk). The corpora are
drawn from one seeded generator, so that a second run writes the same bytes.
"""

import importlib.metadata
import json
import pathlib
import random
import sys
import warnings

from nltk.translate import bleu_score, meteor_score
from pycocoevalcap.cider.cider_scorer import CiderScorer
from rouge_score import rouge_scorer

VERSIONS = {"nltk": "3.10.4", "rouge_score": "0.1.2", "pycocoevalcap": "1.2"}
DIGITS = 12
WEIGHTS = [(1.0,), (1 / 2,) * 2, (1 / 3,) * 3, (1 / 4,) * 4]


class SpaceTokenizer:
    """rouge_score's own tokenizer would drop the minus sign of a negative id."""

    def tokenize(self, text):
        return text.split()


class SameStem:
    """METEOR's exact-match variant: a stem is the token itself."""

    def stem(self, word):
        return word


class NoSynonyms:
    """METEOR's exact-match variant: no token has synonyms."""

    def synsets(self, word):
        return []


ROUGE = rouge_scorer.RougeScorer(["rougeL"], tokenizer=SpaceTokenizer())
EXACT = {"stemmer": SameStem(), "wordnet": NoSynonyms()}


def rounded(value):
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return round(float(value), DIGITS)


def words(ids):
    return [f"t{i}" for i in ids]


def alignment(hypothesis, reference):
    matches, _, _ = meteor_score.align_words(hypothesis, reference, **EXACT)
    return [len(matches), meteor_score._count_chunks(matches) if matches else 0]


def cider_of(hypotheses, references):
    """(corpus score, scores); the package fails when no reference holds a token: then None."""
    if not any(text for texts in references for text in texts):
        return None, [None] * len(hypotheses)
    scorer = CiderScorer(n=4, sigma=6.0)
    for hypothesis, texts in zip(hypotheses, references, strict=True):
        scorer += (" ".join(hypothesis), [" ".join(text) for text in texts])
    mean, scores = scorer.compute_score()
    return rounded(mean), [rounded(s) for s in scores]


def mean(values):
    return sum(values) / len(values)


def score(name, pairs):
    hypotheses = [words(h) for h, _ in pairs]
    references = [[words(r) for r in rs] for _, rs in pairs]
    cider, ciders = cider_of(hypotheses, references)
    rouges, meteors, lines = [], [], []
    for pair, hypothesis, refs, c in zip(pairs, hypotheses, references, ciders, strict=True):
        rouge = ROUGE.score_multi([" ".join(r) for r in refs], " ".join(hypothesis))
        rouges.append(list(rouge["rougeL"]))
        meteors.append(meteor_score.meteor_score(refs, hypothesis, **EXACT))
        lines.append({
            "hypothesis": pair[0], "references": pair[1],
            "bleu": rounded([bleu_score.sentence_bleu(refs, hypothesis, w) for w in WEIGHTS]),
            "rouge_l": rounded(rouges[-1]), "meteor": rounded(meteors[-1]),
            "alignments": [alignment(hypothesis, r) for r in refs], "cider": c})
    return {
        "name": name,
        "bleu": rounded([bleu_score.corpus_bleu(references, hypotheses, w) for w in WEIGHTS]),
        "rouge_l": rounded([mean(column) for column in zip(*rouges, strict=True)]),
        "meteor": rounded(mean(meteors)), "cider": cider, "pairs": lines}


def edge_corpora():
    up, down = list(range(1, 9)), list(range(8, 0, -1))
    other = ([3, 4, 5, 6, 9], [[3, 4, 5, 7, 9, 9]])
    low, high = -2**31, 2**31 - 1
    return {
        "empty hypothesis": [([], [[1, 2, 3]]), other],
        "only empty hypotheses": [([], [[1, 2]]), ([], [[3], [4, 5]])],
        "empty reference": [([1, 2, 3], [[]]), other],
        "one reference of two empty": [([1, 2, 3], [[], [1, 2, 4, 3]]), other],
        "everything empty": [([], [[]]), ([], [[], []])],
        "one pair": [other],
        "one token, equal": [([7], [[7]]), other],
        "one token, unequal": [([7], [[8]]), other],
        "one token against many": [([5], [up]), (up, [[5]]), other],
        "identical": [(up, [up]), ([9, 9, 8, 7, 1], [[9, 9, 8, 7, 1]]), (down, [down])],
        "identical and short": [([1], [[1]]), ([2, 3], [[2, 3]]), ([4, 5, 6], [[4, 5, 6]])],
        "disjoint": [(up, [[11, 12, 13, 14, 15]]), ([21, 22, 23], [[31, 32], [33, 34, 35, 36]])],
        "the same pair again": [other] * 5,
        "repeated tokens": [([1] * 7, [[1, 2, 3, 4, 1, 5], [2, 1, 6]]), ([2] * 9, [[2] * 6]),
                            ([1, 2] * 4, [[2, 1] * 5]), ([1, 1, 2, 2], [[1, 2, 1, 2]])],
        "reversed": [(up, [down]), (down, [up, down[:4]]), other],
        "shorter than four tokens": [([1, 2, 3], [[1, 2, 3, 4, 5]]), ([4, 5], [[4, 5, 6]]),
                                     ([6], [[6, 7]]), ([], [[8]]), (up, [up + [9]])],
        "references as close in length": [(up[:5], [up, up[:2], up[1:5]]),
                                          (up[:6], [up[:7], up[1:6]]), (up, [up[:4], up[4:]])],
        "references as good": [(up[:4], [[1, 2, 9, 9], [1, 2, 3, 9, 9, 9, 9, 9]]),
                               (up[:4], [[1, 2, 3, 9, 9, 9, 9, 9], [1, 2, 9, 9]])],
        "longer than every reference": [(up + down, [up, down]), (up * 3, [[1, 2], [3, 4, 5]])],
        "extreme ids": [([low, 0, high, -1, low], [[low, 0, high, 0, -1]]),
                        ([0, 0, 0, 0], [[0, 0, 0]]), ([high, low], [[high, low, 0]])],
    }


def below(draw, n):
    return min(n - 1, int(draw.random() * n))


def edited(draw, text, rate, vocabulary):
    """Each token is kept, or dropped, doubled, replaced or moved to the front."""
    out = []
    for token in text:
        if draw.random() >= rate:
            out.append(token)
            continue
        kind = below(draw, 4)
        if kind == 1:
            out += [token, token]
        elif kind == 2:
            out.append(below(draw, vocabulary))
        elif kind == 3:
            out.insert(0, token)
    return out


def random_corpus(draw, size, vocabulary, most_references, rate):
    pairs = []
    for _ in range(size):
        truth = [below(draw, vocabulary) for _ in range(2 + below(draw, 17))]
        references = [edited(draw, truth, rate / 2, vocabulary)
                      for _ in range(1 + below(draw, most_references))]
        pairs.append((edited(draw, truth, rate, vocabulary), references))
    return pairs


def corpora():
    yield from edge_corpora().items()
    draw = random.Random(20261123)
    for k in range(22):
        size, vocabulary = 1 + below(draw, 30), (3, 8, 20, 60)[k % 4]
        most, rate = 1 + below(draw, 4), (0.1, 0.3, 0.6)[k % 3]
        name = f"random {k}: {size} of {vocabulary} tokens, <= {most} references, rate {rate}"
        yield name, random_corpus(draw, size, vocabulary, most, rate)


def main():
    for package, wanted in VERSIONS.items():
        found = importlib.metadata.version(package)
        if found != wanted:
            sys.exit(f"{package} {wanted} is required, {found} is installed")
    warnings.simplefilter("ignore")  # nltk warns of every order without a match
    blocks = []
    for name, pairs in corpora():
        corpus = score(name, pairs)
        lines = ",\n    ".join(json.dumps(pair) for pair in corpus.pop("pairs"))
        head = json.dumps(corpus)[:-1]
        blocks.append(f'  {head}, "pairs": [\n    {lines}]}}')
    source = "make_text_scores.py: " + ", ".join(f"{p} {v}" for p, v in VERSIONS.items())
    text = f'{{"source": {json.dumps(source)}, "corpora": [\n' + ",\n".join(blocks) + "\n]}\n"
    pathlib.Path(__file__).with_name("text_scores.json").write_text(text)


if __name__ == "__main__":
    main()
