// SPDX-License-Identifier: Apache-2.0
// The text scores against the Python packages (tests/golden/make_text_scores.py), and what must
// hold for any corpus.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/text/bleu.h"
#include "core/text/cider.h"
#include "core/text/meteor.h"
#include "core/text/rouge.h"

namespace tightrope {
namespace {

using nlohmann::json;
using Tokens = std::vector<std::int32_t>;
constexpr double kTolerance = 1e-9;
constexpr double kRounding = 1e-12;  // sums in another order

struct Entry {
  Tokens hypothesis;
  std::vector<Tokens> references;
  json expected;
};

TextPair pair_of(const Entry& entry) {
  return {entry.hypothesis, {entry.references.begin(), entry.references.end()}};
}

struct Corpus {
  json expected;
  std::vector<Entry> entries;
  std::vector<TextPair> pairs() const {
    std::vector<TextPair> out;
    for (const Entry& entry : entries) out.push_back(pair_of(entry));
    return out;
  }
};

const std::vector<Corpus>& corpora() {
  static const std::vector<Corpus> all = [] {
    std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/text_scores.json");
    const json golden = json::parse(file);
    std::vector<Corpus> out;
    for (const json& corpus : golden["corpora"]) {
      out.push_back({corpus, {}});
      for (const json& pair : corpus["pairs"]) {
        out.back().entries.push_back({pair["hypothesis"], pair["references"], pair});
      }
    }
    return out;
  }();
  return all;
}

void expect_rouge(const RougeL& score, const json& expected) {
  EXPECT_NEAR(score.precision, expected[0].get<double>(), kTolerance);
  EXPECT_NEAR(score.recall, expected[1].get<double>(), kTolerance);
  EXPECT_NEAR(score.f_measure, expected[2].get<double>(), kTolerance);
}

TEST(TextGolden, HoldsEveryCase) {
  EXPECT_EQ(corpora().size(), 42u);
  std::size_t pairs = 0;
  for (const Corpus& corpus : corpora()) pairs += corpus.entries.size();
  EXPECT_EQ(pairs, 375u);
}

TEST(TextGolden, BleuIsThatOfNltk) {
  for (const Corpus& corpus : corpora()) {
    SCOPED_TRACE(corpus.expected["name"]);
    for (int order = 1; order <= kMaxNgramOrder; ++order) {
      EXPECT_NEAR(corpus_bleu(corpus.pairs(), order),
                  corpus.expected["bleu"][order - 1].get<double>(), kTolerance);
      for (const Entry& entry : corpus.entries) {
        const TextPair pair = pair_of(entry);
        EXPECT_NEAR(sentence_bleu(pair.hypothesis, pair.references, order),
                    entry.expected["bleu"][order - 1].get<double>(), kTolerance)
            << entry.expected;
      }
    }
  }
}

TEST(TextGolden, RougeIsThatOfRougeScore) {
  for (const Corpus& corpus : corpora()) {
    SCOPED_TRACE(corpus.expected["name"]);
    expect_rouge(corpus_rouge_l(corpus.pairs()), corpus.expected["rouge_l"]);
    for (const Entry& entry : corpus.entries) {
      SCOPED_TRACE(entry.expected);
      const TextPair pair = pair_of(entry);
      expect_rouge(sentence_rouge_l(pair.hypothesis, pair.references), entry.expected["rouge_l"]);
    }
  }
}

TEST(TextGolden, MeteorIsThatOfNltk) {
  for (const Corpus& corpus : corpora()) {
    SCOPED_TRACE(corpus.expected["name"]);
    EXPECT_NEAR(corpus_meteor(corpus.pairs()), corpus.expected["meteor"].get<double>(), kTolerance);
    for (const Entry& entry : corpus.entries) {
      SCOPED_TRACE(entry.expected);
      const TextPair pair = pair_of(entry);
      EXPECT_NEAR(sentence_meteor(pair.hypothesis, pair.references),
                  entry.expected["meteor"].get<double>(), kTolerance);
      for (std::size_t j = 0; j < pair.references.size(); ++j) {
        const json& expected = entry.expected["alignments"][j];
        const MeteorAlignment alignment = meteor_alignment(pair.hypothesis, pair.references[j]);
        EXPECT_EQ(alignment.matches, expected[0].get<std::int64_t>());
        EXPECT_EQ(alignment.chunks, expected[1].get<std::int64_t>());
      }
    }
  }
}

TEST(TextGolden, CiderIsThatOfPycocoevalcap) {
  for (const Corpus& corpus : corpora()) {
    SCOPED_TRACE(corpus.expected["name"]);
    CiderFrequencies frequencies;
    for (const TextPair& pair : corpus.pairs()) frequencies.add(pair.references);
    // The package has no value where no reference holds a token; here it is 0.
    const auto value = [](const json& e) { return e.is_null() ? 0.0 : e.get<double>(); };
    EXPECT_NEAR(corpus_cider(corpus.pairs()), value(corpus.expected["cider"]), kTolerance);
    for (const Entry& entry : corpus.entries) {
      const TextPair pair = pair_of(entry);
      EXPECT_NEAR(sentence_cider(frequencies, pair.hypothesis, pair.references),
                  value(entry.expected["cider"]), kTolerance)
          << entry.expected;
    }
  }
}

TEST(TextInvariance, OrderOfPairsAndOfReferencesDoesNotMatter) {
  for (const Corpus& corpus : corpora()) {
    const std::vector<TextPair> forward = corpus.pairs();
    std::vector<TextPair> backward(forward.rbegin(), forward.rend());
    for (TextPair& pair : backward) std::reverse(pair.references.begin(), pair.references.end());
    for (int order = 1; order <= kMaxNgramOrder; ++order) {
      EXPECT_EQ(corpus_bleu(forward, order), corpus_bleu(backward, order));
    }
    EXPECT_NEAR(corpus_rouge_l(forward).f_measure, corpus_rouge_l(backward).f_measure, kRounding);
    EXPECT_NEAR(corpus_meteor(forward), corpus_meteor(backward), kRounding);
    EXPECT_NEAR(corpus_cider(forward), corpus_cider(backward), kRounding);
  }
}

TEST(TextInvariance, NamesOfTokensDoNotMatter) {
  for (Corpus corpus : corpora()) {
    const std::vector<TextPair> pairs = corpus.pairs();
    const double bleu = corpus_bleu(pairs, 3), rouge = corpus_rouge_l(pairs).f_measure;
    const double meteor = corpus_meteor(pairs), cider = corpus_cider(pairs);
    for (Entry& entry : corpus.entries) {  // ~x is one to one and reverses the order
      for (std::int32_t& token : entry.hypothesis) token = ~token;
      for (Tokens& text : entry.references) {
        for (std::int32_t& token : text) token = ~token;
      }
    }
    const std::vector<TextPair> renamed = corpus.pairs();
    EXPECT_EQ(corpus_bleu(renamed, 3), bleu);
    EXPECT_EQ(corpus_rouge_l(renamed).f_measure, rouge);
    EXPECT_EQ(corpus_meteor(renamed), meteor);
    EXPECT_NEAR(corpus_cider(renamed), cider, kRounding);
  }
}

TEST(TextInvariance, IdenticalTextsGetTheHighestScore) {
  std::vector<TextPair> same;
  double meteor = 0;
  for (const Corpus& corpus : corpora()) {
    for (const Entry& entry : corpus.entries) {
      const TokenSpan text = entry.references[0];
      if (text.size() < kMaxNgramOrder) continue;
      same.push_back({text, {text}});
      for (int order = 1; order <= kMaxNgramOrder; ++order) {
        EXPECT_EQ(sentence_bleu(text, same.back().references, order), 1);
      }
      EXPECT_EQ(sentence_rouge_l(text, same.back().references).f_measure, 1);
      meteor += 1 - 0.5 / std::pow(static_cast<double>(text.size()), 3);
    }
  }
  const auto n = static_cast<double>(same.size());
  EXPECT_EQ(corpus_bleu(same, 4), 1);
  EXPECT_EQ(corpus_rouge_l(same).f_measure, 1);
  EXPECT_NEAR(corpus_meteor(same), meteor / n, kRounding);
  EXPECT_NEAR(corpus_cider(same), 10, kRounding);
}

TEST(TextInvariance, PartsAddUpToTheWhole) {
  std::vector<TextPair> all;
  for (const Corpus& corpus : corpora()) {
    for (const TextPair& pair : corpus.pairs()) all.push_back(pair);
  }
  CiderFrequencies frequencies;
  for (const TextPair& pair : all) frequencies.add(pair.references);
  BleuCounts bleu;
  RougeLSums rouge;
  MeteorSums meteor;
  CiderFrequencies merged;
  CiderSums cider;
  for (const Corpus& corpus : corpora()) {
    BleuCounts bleu_part;
    RougeLSums rouge_part;
    MeteorSums meteor_part;
    CiderFrequencies frequencies_part;
    CiderSums cider_part;
    for (const TextPair& pair : corpus.pairs()) {
      bleu_part.add(pair.hypothesis, pair.references);
      rouge_part.add(pair.hypothesis, pair.references);
      meteor_part.add(pair.hypothesis, pair.references);
      frequencies_part.add(pair.references);
      cider_part.add(frequencies, pair.hypothesis, pair.references);
    }
    bleu += bleu_part;
    rouge += rouge_part;
    meteor += meteor_part;
    merged += frequencies_part;
    cider += cider_part;
  }
  EXPECT_EQ(merged, frequencies);
  EXPECT_EQ(bleu.pairs, 375);
  for (int order = 1; order <= kMaxNgramOrder; ++order) {
    EXPECT_EQ(bleu.score(order), corpus_bleu(all, order));
  }
  EXPECT_NEAR(rouge.score().precision, corpus_rouge_l(all).precision, kRounding);
  EXPECT_NEAR(rouge.score().recall, corpus_rouge_l(all).recall, kRounding);
  EXPECT_NEAR(rouge.score().f_measure, corpus_rouge_l(all).f_measure, kRounding);
  EXPECT_NEAR(meteor.score(), corpus_meteor(all), kRounding);
  EXPECT_NEAR(cider.score(), corpus_cider(all), kRounding);
}

TEST(TextEmpty, NoPairsHaveNoScore) {
  EXPECT_TRUE(std::isnan(corpus_bleu({}, 4)));
  EXPECT_TRUE(std::isnan(corpus_rouge_l({}).precision));
  EXPECT_TRUE(std::isnan(corpus_rouge_l({}).recall));
  EXPECT_TRUE(std::isnan(corpus_rouge_l({}).f_measure));
  EXPECT_TRUE(std::isnan(corpus_meteor({})));
  EXPECT_TRUE(std::isnan(corpus_cider({})));
}

TEST(TextEmpty, AnEmptyTextGetsZero) {
  const Tokens text = {1, 2, 3, 4, 5};
  const TokenSpan full[] = {text}, empty[] = {TokenSpan()};
  CiderFrequencies frequencies;
  frequencies.add(full);
  frequencies.add(empty);
  for (const auto& [hypothesis, reference] : {std::pair(TokenSpan(), ReferenceSpan(full)),
                                              std::pair(TokenSpan(text), ReferenceSpan(empty)),
                                              std::pair(TokenSpan(), ReferenceSpan(empty))}) {
    EXPECT_EQ(sentence_bleu(hypothesis, reference, 1), 0);
    EXPECT_EQ(sentence_rouge_l(hypothesis, reference).f_measure, 0);
    EXPECT_EQ(sentence_meteor(hypothesis, reference), 0);
    EXPECT_EQ(sentence_cider(frequencies, hypothesis, reference), 0);
  }
}

TEST(TextEmpty, MisuseIsRefused) {
  const Tokens text = {1, 2};
  const TokenSpan reference[] = {text};
  CiderFrequencies frequencies;
  EXPECT_THROW(sentence_cider(frequencies, text, reference), InternalError) << "no case counted";
  EXPECT_THROW(frequencies.add({}), InternalError);
  frequencies.add(reference);
  EXPECT_THROW(sentence_bleu(text, {}, 1), InternalError);
  EXPECT_THROW(sentence_bleu(text, reference, 0), InternalError);
  EXPECT_THROW(sentence_bleu(text, reference, 5), InternalError);
  EXPECT_THROW(sentence_rouge_l(text, {}), InternalError);
  EXPECT_THROW(sentence_meteor(text, {}), InternalError);
  EXPECT_THROW(sentence_cider(frequencies, text, {}), InternalError);
}

}  // namespace
}  // namespace tightrope
