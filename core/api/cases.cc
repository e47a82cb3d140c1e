// SPDX-License-Identifier: Apache-2.0
#include "core/api/cases.h"

#include "core/base/check.h"

namespace tightrope {

void Cases::resize(int count, int attribute_count, int channel_count) {
  attributes = attribute_count;
  channels = channel_count;
  const std::size_t n = count;
  site.assign(n, 0);
  category.assign(n, -1);
  disease.assign(n, 0);
  attribute.assign(n * attributes, 0);
  image.assign(n * channels, 0.0F);
  report.assign(n * attributes, Slot::kSilent);
  id.clear();
}

std::span<const std::uint8_t> Cases::attributes_of(int n) const {
  return std::span(attribute).subspan(static_cast<std::size_t>(n) * attributes, attributes);
}
std::span<const float> Cases::image_of(int n) const {
  return std::span(image).subspan(static_cast<std::size_t>(n) * channels, channels);
}
std::span<const Slot> Cases::report_of(int n) const {
  return std::span(report).subspan(static_cast<std::size_t>(n) * attributes, attributes);
}
std::span<std::uint8_t> Cases::attributes_of(int n) {
  return std::span(attribute).subspan(static_cast<std::size_t>(n) * attributes, attributes);
}
std::span<float> Cases::image_of(int n) {
  return std::span(image).subspan(static_cast<std::size_t>(n) * channels, channels);
}
std::span<Slot> Cases::report_of(int n) {
  return std::span(report).subspan(static_cast<std::size_t>(n) * attributes, attributes);
}

Trajectory make_trajectory(const Vocabulary& vocabulary, std::span<const Slot> report, int category,
                           int disease, Ending ending, int mentions) {
  Trajectory out;
  const bool direct = ending == Ending::kAnswerNow && mentions == 0;
  out.tokens.push_back(Vocabulary::think());
  if (vocabulary.categories() > 0 && !direct) out.tokens.push_back(vocabulary.category(category));
  int written = 0;
  for (int k = 0; k < static_cast<int>(report.size()); ++k) {
    if (report[k] == Slot::kSilent) continue;
    if (mentions >= 0 && written == mentions) break;
    out.tokens.push_back(vocabulary.finding(k, report[k]));
    ++written;
  }
  out.tokens.push_back(ending == Ending::kEndThink ? vocabulary.end_think()
                                                   : Vocabulary::answer_now());
  const std::size_t answer_position = out.tokens.size();
  out.tokens.push_back(vocabulary.disease(disease));
  out.tokens.push_back(Vocabulary::end_of_sequence());
  out.mask.assign(out.tokens.size(), 1);
  out.mask[0] = 0;
  if (ending == Ending::kAnswerNow) out.mask[answer_position - 1] = 0;
  return out;
}

Written read_trajectory(const Vocabulary& vocabulary, std::span<const Token> tokens) {
  Written out;
  out.report.assign(vocabulary.attributes(), Slot::kSilent);
  for (const Token token : tokens) {
    if (vocabulary.is_category(token)) out.category = vocabulary.category_of(token);
    if (vocabulary.is_disease(token)) out.disease = vocabulary.disease_of(token);
    if (vocabulary.is_finding(token)) {
      out.report[vocabulary.attribute_of(token)] = vocabulary.slot_of(token);
    }
  }
  return out;
}

void score_answer_only(const Vocabulary& vocabulary, Trajectory& trajectory) {
  for (std::size_t t = 0; t < trajectory.tokens.size(); ++t) {
    const Token token = trajectory.tokens[t];
    trajectory.mask[t] =
        vocabulary.is_disease(token) || token == Vocabulary::end_of_sequence() ? 1 : 0;
  }
}

void cap_mentions(std::span<Slot> report, int max_mentions) {
  int written = 0;
  for (Slot& slot : report) {
    if (slot == Slot::kSilent) continue;
    if (written == max_mentions)
      slot = Slot::kSilent;
    else
      ++written;
  }
}

int count_mentions(std::span<const Slot> report) {
  int count = 0;
  for (Slot slot : report) count += slot != Slot::kSilent ? 1 : 0;
  return count;
}

}  // namespace tightrope
