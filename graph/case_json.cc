// SPDX-License-Identifier: Apache-2.0
#include "graph/case_json.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

using Json = nlohmann::ordered_json;

Json named_belief(const World& world, std::span<const double> belief) {
  Json out = Json::object();
  for (std::size_t z = 0; z < belief.size(); ++z) {
    out[world.vocabulary().names().diseases[z]] = belief[z];
  }
  return out;
}

Json token_names(const Vocabulary& vocabulary, std::span<const Token> tokens) {
  Json out = Json::array();
  for (Token token : tokens) out.push_back(vocabulary.name(token));
  return out;
}

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// Most probable first; adds what `top` leaves out as `rest`.
void tell_law(const Vocabulary& vocabulary, std::span<const double> law, int top, Json& step) {
  std::vector<int> order(law.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return law[a] > law[b]; });
  Json told = Json::object();
  double rest = 0;
  int count = 0;
  for (int token : order) {
    if (law[token] <= 0) break;
    if (top > 0 && count >= top) {
      rest += law[token];
    } else {
      told[vocabulary.name(token)] = law[token];
      ++count;
    }
  }
  step["law"] = std::move(told);
  if (top > 0) step["rest"] = rest;
}

Json tell_steps(const World& world, const Environment& environment, std::span<const float> image,
                std::span<const Token> tokens, const CaseTelling& telling) {
  const Vocabulary& vocabulary = world.vocabulary();
  OracleTrace trace;
  environment.oracle(image, tokens, trace);
  std::vector<double> log_prob(tokens.size());
  environment.oracle_log_prob(image, tokens, log_prob);
  Json steps = Json::array();
  for (int j = 0; j < trace.prefixes() && j + 1 < static_cast<int>(tokens.size()); ++j) {
    const auto row = [j](const std::vector<double>& values, int width) {
      return std::span(values).subspan(static_cast<std::size_t>(j) * width, width);
    };
    Json step;
    step["prefix"] = vocabulary.name(tokens[j]);
    step["token"] = vocabulary.name(tokens[j + 1]);
    step["log_prob"] = finite_or_null(log_prob[j + 1]);
    tell_law(vocabulary, row(trace.law, trace.vocabulary), telling.top, step);
    step["belief"] = named_belief(world, row(trace.belief, trace.diseases));
    const auto site = row(trace.site, trace.sites);
    step["site"] = std::vector<double>(site.begin(), site.end());
    steps.push_back(std::move(step));
  }
  return steps;
}

// Whether the grammar allows the findings as they stand; no law gives others a probability.
bool in_canonical_order(const World& world, const std::vector<Token>& tokens) {
  const auto is_finding = [&](Token token) { return world.vocabulary().is_finding(token); };
  const auto begin = std::find_if(tokens.begin(), tokens.end(), is_finding);
  return std::is_sorted(begin, std::find_if_not(begin, tokens.end(), is_finding));
}

std::string short_belief(const nlohmann::json& belief) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, p] : belief.items()) order.emplace_back(-p.get<double>(), name);
  std::sort(order.begin(), order.end());
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
    out += fmt::format("{}{} {:.3f}", i == 0 ? "" : ", ", order[i].second, -order[i].first);
  }
  return out;
}

std::string short_law(const nlohmann::json& law) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, p] : law.items()) order.emplace_back(-p.get<double>(), name);
  std::sort(order.begin(), order.end());
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, order.size()); ++i) {
    out += fmt::format("{}{} {:.3f}", i == 0 ? "" : ", ", order[i].second, -order[i].first);
  }
  return out;
}

}  // namespace

nlohmann::json describe_case(const World& world, const Environment& environment, const Cases& cases,
                             int n, const CaseTelling& telling) {
  TR_CHECK(n >= 0 && n < cases.size(), "case {} of {}", n, cases.size());
  const Vocabulary& vocabulary = world.vocabulary();
  Json out;
  out["site"] = cases.site[n];
  if (vocabulary.categories() > 0) {
    out["category"] = vocabulary.names().categories[cases.category[n]];
  }
  out["disease"] = vocabulary.names().diseases[cases.disease[n]];
  out["attributes"] = Json::array();
  const auto attributes = cases.attributes_of(n);
  for (int k = 0; k < cases.attributes; ++k) {
    if (attributes[k] != 0) out["attributes"].push_back(vocabulary.names().attributes[k]);
  }
  const auto image = cases.image_of(n);
  out["image"] = std::vector<float>(image.begin(), image.end());
  const Trajectory trajectory =
      make_trajectory(vocabulary, cases.report_of(n), cases.category[n], cases.disease[n]);
  out["tokens"] = token_names(vocabulary, trajectory.tokens);
  if (telling.oracle) {
    std::vector<double> belief(vocabulary.diseases());
    environment.belief_of_image(image, belief);
    out["image_belief"] = named_belief(world, belief);
    out["steps"] = tell_steps(world, environment, image, trajectory.tokens, telling);
  }
  return nlohmann::json(out);
}

nlohmann::json describe_alternative(const World& world, const Environment& environment,
                                    const Cases& cases, int n, const Trajectory& trajectory) {
  const Vocabulary& vocabulary = world.vocabulary();
  std::vector<double> log_prob(trajectory.tokens.size(), kNegativeInfinity);
  if (in_canonical_order(world, trajectory.tokens)) {
    environment.oracle_log_prob(cases.image_of(n), trajectory.tokens, log_prob);
  }
  Json out;
  for (Token token : trajectory.tokens) {
    if (vocabulary.is_disease(token)) out["disease"] = vocabulary.name(token);
  }
  out["tokens"] = token_names(vocabulary, trajectory.tokens);
  out["log_prob"] = Json::array();
  for (double value : log_prob) out["log_prob"].push_back(finite_or_null(value));
  return nlohmann::json(out);
}

std::string case_text(const nlohmann::json& d) {
  std::string out = fmt::format("site {}, disease {}", d.at("site").get<int>(),
                                d.at("disease").get<std::string>());
  if (d.contains("category")) out += ", category " + d.at("category").get<std::string>();
  out += "\n  present: ";
  for (std::size_t i = 0; i < d.at("attributes").size(); ++i) {
    out += (i == 0 ? "" : ", ") + d.at("attributes")[i].get<std::string>();
  }
  out += "\n  report:  ";
  for (const auto& token : d.at("tokens")) out += token.get<std::string>() + " ";
  out.back() = '\n';
  if (!d.contains("steps")) return out;
  out += "  oracle, image alone: " + short_belief(d.at("image_belief")) + "\n";
  for (const auto& step : d.at("steps")) {
    const auto& log_prob = step.at("log_prob");
    out += fmt::format(
        "    {:<40} p {:<8} belief: {}\n      next: {}\n", step.at("token").get<std::string>(),
        log_prob.is_null() ? "0" : fmt::format("{:.4f}", std::exp(log_prob.get<double>())),
        short_belief(step.at("belief")), short_law(step.at("law")));
  }
  return out;
}

}  // namespace tightrope
