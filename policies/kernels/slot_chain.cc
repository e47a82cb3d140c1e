// SPDX-License-Identifier: Apache-2.0
// Forward passes and prefixes of the slot chain; slot_chain_gradient.cc holds the backward pass.
#include "policies/kernels/slot_chain.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {

template <class T>
SlotChain<T>::SlotChain(std::shared_ptr<const LogLinearShape> shape)
    : shape_(std::move(shape)), ops_(row_ops<T>()), head_(shape_->head) {
  const std::size_t block = LawKernel<T>::kBlock;
  features_.resize(block * 2 * shape_->channels);
  slot_base_.resize(block * shape_->slot_width);
  d_slot_base_.resize(slot_base_.size());
  category_base_.resize(block * shape_->category_width);
  d_category_base_.resize(category_base_.size());
  slot_logits_.resize(shape_->slot_width);
  slot_p_.resize(shape_->slot_width);
  cursor_logits_.resize(shape_->slot_width);
  const int widest = std::max(shape_->head.width, shape_->category_width);
  answer_logits_.resize(widest);
  d_answer_.resize(widest);
  zeros_.resize(widest);
}

template <class T>
void SlotChain<T>::open(std::span<const T> parameters, std::span<const float> images, int count) {
  const LogLinearShape& shape = *shape_;
  const int c = shape.channels;
  parameters_ = parameters.data();
  count_ = count;
  for (int n = 0; n < count; ++n) {
    T* features = features_.data() + static_cast<std::size_t>(n) * 2 * c;
    for (int i = 0; i < c; ++i) {
      features[i] = static_cast<T>(images[static_cast<std::size_t>(n) * c + i]);
      features[c + i] = std::min(std::abs(features[i]), static_cast<T>(shape.options.clamp));
    }
  }
  const auto product = [&](std::int64_t weights, std::int64_t bias, int width, std::vector<T>& base,
                           std::vector<T>& d_base) {
    for (int n = 0; n < count; ++n) {
      std::copy_n(parameters_ + bias, width, base.data() + n * width);
    }
    ops_.multiply(count, c, width, features_.data(), 2 * c, parameters_ + weights, width,
                  base.data(), width);
    std::fill(d_base.begin(), d_base.end(), T(0));
  };
  product(shape.slot_weights, shape.slot_bias, shape.slot_width, slot_base_, d_slot_base_);
  if (shape.category_width > 0) {
    product(shape.category_weights, shape.category_bias, shape.category_width, category_base_,
            d_category_base_);
  }
  head_.open(parameters_, features_.data(), 2 * c, count);
}

template <class T>
void SlotChain<T>::add_slots(Token token, const T* from, T* to) const {
  const Vocabulary& vocabulary = shape_->vocabulary;
  const int first = vocabulary.is_finding(token) ? vocabulary.attribute_of(token) + 1 : 0;
  for (int slot_class = 0; slot_class < 4; ++slot_class) {
    const int offset = slot_class * shape_->slots;
    ops_.add_tail(first, shape_->slots, T(1), from + offset, to + offset);
  }
}

template <class T>
void SlotChain<T>::decide(Walk& walk, int begin, int end, int place) const {
  for (int k = begin; k < end; ++k) {
    walk.slot_place[k] = place;
    walk.slot_class[k] = 0;
  }
}

template <class T>
void SlotChain<T>::forward(const CaseRange& range, std::span<double> log_prob) {
  head_.clear();
  used_ = 0;
  std::fill(log_prob.begin(), log_prob.end(), 0.0);
  for (int b = 0; b < range.cases; ++b) {
    const int group = range.first_case + b;
    for (int n = range.batch->group_begin[group]; n < range.batch->group_begin[group + 1]; ++n) {
      if (static_cast<int>(walks_.size()) == used_) walks_.emplace_back();
      Walk& walk = walks_[used_++];
      walk.case_in_block = range.first_in_block + b;
      walk_tokens(range, n, walk);
      score_slots(walk, log_prob);
      if (walk.category_place >= 0) {
        walk.category_p.resize(shape_->category_width);
        log_prob[walk.category_place] = category_law(walk.case_in_block, walk.category_p.data(),
                                                     &walk.category_sum, walk.category);
      }
      if (walk.answer_place >= 0) {
        walk.answer_p.resize(shape_->head.width);
        const double total =
            answer_law(walk.case_in_block, walk.mode, walk.bag, walk.answer_p.data(),
                       &walk.answer_sum, &walk.answer_record);
        log_prob[walk.answer_place] = static_cast<double>(answer_logits_[walk.disease]) - total;
      }
    }
  }
}

// Notes which scored token decides what; nothing is computed yet.
template <class T>
void SlotChain<T>::walk_tokens(const CaseRange& range, int n, Walk& walk) {
  const Vocabulary& vocabulary = shape_->vocabulary;
  const TokenBatch& batch = *range.batch;
  const std::span<const Token> tokens = batch.tokens_of(n);
  const int begin = batch.offset[n];
  TR_CHECK(tokens[0] == Vocabulary::think() && batch.mask[begin] == 0,
           "a trajectory starts with <think>, unscored");
  walk.category_place = walk.answer_place = walk.answer_record = -1;
  walk.mode = kModeNone;
  walk.bag.clear();
  walk.slot_place.assign(vocabulary.attributes(), -1);
  walk.slot_class.assign(vocabulary.attributes(), 0);
  Grammar::State state = Grammar::start();
  int next_slot = 0;
  for (int t = 1; t < static_cast<int>(tokens.size()); ++t) {
    const Token token = tokens[t];
    const TokenRange allowed = shape_->grammar.allowed(state);
    const bool scored = batch.mask[begin + t] != 0;
    const int place = begin + t - range.begin_token();
    TR_REQUIRE(!scored || allowed.contains(token),
               "token {} of a trajectory, {}, is scored but not allowed after {}; the slot chain "
               "has no law for it",
               t, vocabulary.name(token), vocabulary.name(tokens[t - 1]));
    const bool open_law = scored && allowed.size() > 1;
    if (vocabulary.is_category(token)) {
      walk.category = vocabulary.category_of(token);
      if (open_law) walk.category_place = place;
    } else if (vocabulary.is_finding(token)) {
      const int k = vocabulary.attribute_of(token);
      if (open_law) {
        decide(walk, next_slot, k + 1, place);
        walk.slot_class[k] = static_cast<std::uint8_t>(vocabulary.slot_of(token));
      }
      next_slot = k + 1;
    } else if (token == vocabulary.end_think()) {
      if (open_law) decide(walk, next_slot, vocabulary.attributes(), place);
      walk.mode = kModeEndThink;
    } else if (token == Vocabulary::answer_now()) {
      walk.mode = kModeAnswerNow;
    } else if (vocabulary.is_disease(token) && open_law) {
      walk.answer_place = place;
      walk.disease = vocabulary.disease_of(token);
    }
    if (shape_->head.counts(token)) walk.bag.push_back(token);
    state = shape_->grammar.next(state, token);
  }
}

template <class T>
void SlotChain<T>::score_slots(Walk& walk, std::span<double> log_prob) {
  const int width = shape_->slot_width;
  std::copy_n(slot_base_.data() + static_cast<std::size_t>(walk.case_in_block) * width, width,
              slot_logits_.data());
  for (const Token token : walk.bag) {
    add_slots(token, row_of(shape_->slot_tokens, token, width), slot_logits_.data());
  }
  walk.slot_p.resize(width);
  ops_.slot_softmax(shape_->slots, slot_logits_.data(), walk.slot_p.data());
  for (std::size_t k = 0; k < walk.slot_place.size(); ++k) {
    if (walk.slot_place[k] < 0) continue;
    log_prob[walk.slot_place[k]] +=
        static_cast<double>(slot_logits_[walk.slot_class[k] * shape_->slots + k]);
  }
}

template <class T>
double SlotChain<T>::category_law(int case_in_block, T* row, T* sum, int category) {
  const T* logits =
      category_base_.data() + static_cast<std::size_t>(case_in_block) * shape_->category_width;
  T top = 0;
  *sum = ops_.softmax(0, shape_->vocabulary.categories(), logits, zeros_.data(), row, &top);
  return static_cast<double>(logits[category] - top) - std::log(static_cast<double>(*sum));
}

template <class T>
double SlotChain<T>::answer_law(int case_in_block, AnswerMode mode, std::span<const Token> bag,
                                T* row, T* sum, int* record) {
  const int width = shape_->head.width;
  std::copy_n(row_of(shape_->answer_bias, mode, width), width, answer_logits_.data());
  for (const Token token : bag) {
    ops_.add(width, T(1), row_of(shape_->answer_tokens, token, width), answer_logits_.data());
  }
  *record = head_.forward(case_in_block, mode, bag, answer_logits_.data());
  T top = 0;
  *sum = ops_.softmax(0, shape_->vocabulary.diseases(), answer_logits_.data(), zeros_.data(), row,
                      &top);
  return static_cast<double>(top) + std::log(static_cast<double>(*sum));
}

template <class T>
void SlotChain<T>::start(int case_in_block) {
  cursor_case_ = case_in_block;
  bag_.clear();
  const int width = shape_->slot_width;
  std::copy_n(slot_base_.data() + static_cast<std::size_t>(case_in_block) * width, width,
              cursor_logits_.data());
}

template <class T>
void SlotChain<T>::push(Token token) {
  last_ = token;
  if (!shape_->head.counts(token)) return;
  bag_.push_back(token);
  add_slots(token, row_of(shape_->slot_tokens, token, shape_->slot_width), cursor_logits_.data());
}

template <class T>
void SlotChain<T>::law(TokenRange range, std::span<double> out) {
  const Vocabulary& vocabulary = shape_->vocabulary;
  if (range.size() == 1) {  // one token alone may follow
    out[0] = 0;
    return;
  }
  T sum = 0;
  if (range.begin == vocabulary.first_disease()) {
    head_.clear();
    int record = -1;
    const AnswerMode mode = last_ == Vocabulary::answer_now() ? kModeAnswerNow : kModeEndThink;
    const double total = answer_law(cursor_case_, mode, bag_, d_answer_.data(), &sum, &record);
    for (int z = 0; z < range.size(); ++z) {
      out[z] = static_cast<double>(answer_logits_[z]) - total;
    }
    return;
  }
  if (vocabulary.is_category(range.begin)) {
    for (int g = 0; g < range.size(); ++g) {
      out[g] = category_law(cursor_case_, d_answer_.data(), &sum, g);
    }
    return;
  }
  TR_CHECK(range.begin >= vocabulary.first_attribute() && range.end == vocabulary.size(),
           "the slot chain has no law over tokens {}..{}", range.begin, range.end);
  std::copy(cursor_logits_.begin(), cursor_logits_.end(), slot_logits_.begin());
  ops_.slot_softmax(shape_->slots, slot_logits_.data(), slot_p_.data());
  double silence = 0;
  for (int k = vocabulary.attribute_of(range.begin); k < vocabulary.attributes(); ++k) {
    for (int c = 1; c < 4; ++c) {
      out[vocabulary.finding(k, static_cast<Slot>(c)) - range.begin] =
          silence + static_cast<double>(slot_logits_[c * shape_->slots + k]);
    }
    silence += static_cast<double>(slot_logits_[k]);
  }
  out[vocabulary.end_think() - range.begin] = silence;
}

template <class T>
void SlotChain<T>::belief(std::span<double> out) {
  const Token before = last_;
  last_ = Vocabulary::answer_now();
  law({shape_->vocabulary.first_disease(), shape_->vocabulary.first_attribute()}, out);
  last_ = before;
}

template class SlotChain<float>;
template class SlotChain<double>;

}  // namespace tightrope
