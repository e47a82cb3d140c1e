// SPDX-License-Identifier: Apache-2.0
#include "graph/oracle_json.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"
#include "graph/generative_oracle.h"
#include "graph/json_reader.h"

namespace tightrope {
namespace {

constexpr int kMost = 1000;  // sites, diseases, attributes: keeps a typo from taking the machine

// Rows as written may be rounded; the rest of the computation needs sums of exactly one.
void normalise(const JsonPlace& place, std::vector<double>& values, int row) {
  for (std::size_t begin = 0; begin < values.size(); begin += row) {
    double sum = 0;
    for (int i = 0; i < row; ++i) sum += values[begin + i];
    if (std::abs(sum - 1) > 1e-6) {
      place.fail(fmt::format("a row sums to {}, must sum to 1", number_text(sum)));
    }
    for (int i = 0; i < row; ++i) values[begin + i] /= sum;
  }
}

GenerativeLaw read_law(const JsonPlace& world) {
  world.require_keys({"sites", "diseases", "attributes", "max_mentions", "image_code", "omega",
                      "prior", "theta", "signal", "shift", "noise", "polarity", "mention_present",
                      "mention_absent", "synonym0", "report_from"});
  GenerativeLaw law;
  law.sites = world.at("sites").integer(1, kMost);
  law.diseases = world.at("diseases").integer(1, kMost);
  law.attributes = world.at("attributes").integer(1, kMost);
  law.max_mentions = world.at("max_mentions").integer(1, kMost * kMost);
  law.image_code = world.at("image_code").choice({"linear", "polarity"}) == "polarity"
                       ? ImageCode::kPolarity
                       : ImageCode::kLinear;
  if (world.has("report_from")) {
    law.report_from = world.at("report_from").choice({"latent", "image"}) == "image"
                          ? ReportFrom::kImage
                          : ReportFrom::kLatent;
  }
  const Range probability = between(0, 1);
  law.omega = world.at("omega").numbers({law.sites}, probability);
  normalise(world.at("omega"), law.omega, law.sites);
  law.pi = world.at("prior").numbers({law.sites, law.diseases}, probability);
  normalise(world.at("prior"), law.pi, law.diseases);
  law.theta = world.at("theta").numbers({law.sites, law.diseases, law.attributes}, probability);
  const auto& signal = world.at("signal").value();
  law.channels = std::max(law.attributes, signal.is_array() ? static_cast<int>(signal.size()) : 0);
  law.signal = world.at("signal").numbers({law.channels}, any_number());
  law.shift = world.has("shift") ? world.at("shift").numbers({law.channels}, any_number())
                                 : std::vector<double>(law.channels, 0.0);
  law.noise = world.at("noise").numbers({law.channels}, greater_than(0));
  law.polarity = world.at("polarity").numbers({law.channels}, probability);
  law.mention_present = world.at("mention_present").numbers({law.attributes}, probability);
  law.mention_absent = world.at("mention_absent").numbers({law.attributes}, probability);
  law.synonym = world.at("synonym0").numbers({law.sites, law.attributes}, probability);
  return law;
}

Vocabulary numbered_vocabulary(const GenerativeLaw& law) {
  Names names;
  for (int z = 0; z < law.diseases; ++z) names.diseases.push_back("z" + std::to_string(z));
  for (int k = 0; k < law.attributes; ++k) names.attributes.push_back(std::to_string(k));
  return Vocabulary(std::move(names));
}

Token read_token(const JsonPlace& place, const Vocabulary& vocabulary) {
  const std::string name = place.text();
  for (Token token = 0; token < vocabulary.size(); ++token) {
    if (vocabulary.name(token) == name && token != Vocabulary::think()) return token;
  }
  place.fail(fmt::format(
      "unknown token {}; allowed: +k.s and -k with k in 0..{} and s in 0..1, z0..z{}, </think>, "
      "<answer_now>, <eos>",
      shown_text(name), vocabulary.attributes() - 1, vocabulary.diseases() - 1));
}

nlohmann::json step_of(const OracleTrace& trace, int j, const nlohmann::json& tokens,
                       const Vocabulary& vocabulary) {
  nlohmann::json law = nlohmann::json::object();
  for (Token token = 0; token < trace.vocabulary; ++token) {
    const double p = trace.law[static_cast<std::size_t>(j) * trace.vocabulary + token];
    if (p > 0) law[vocabulary.name(token)] = p;
  }
  const auto row = [j](const std::vector<double>& values, int width) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(j) * width;
    return std::vector<double>(begin, begin + width);
  };
  nlohmann::json prefix = nlohmann::json::array();
  for (int t = 0; t < j; ++t) prefix.push_back(tokens[t]);
  return {{"prefix", std::move(prefix)},
          {"law", std::move(law)},
          {"belief", row(trace.belief, trace.diseases)},
          {"site", row(trace.site, trace.sites)}};
}

nlohmann::json steps_of(const JsonPlace& one, const GenerativeOracle& oracle) {
  const Vocabulary& vocabulary = oracle.vocabulary();
  const std::vector<double> image = one.at("image").numbers({oracle.law().channels}, any_number());
  std::vector<Token> tokens{Vocabulary::think()};
  const std::vector<JsonPlace> places = one.at("tokens").items("tokens");
  for (const JsonPlace& place : places) tokens.push_back(read_token(place, vocabulary));
  std::vector<double> log_prob(tokens.size());
  OracleTrace trace;
  try {
    oracle.log_prob(image, tokens, log_prob);
    oracle.trace(image, tokens, trace);
  } catch (const InputError& error) {
    one.at("tokens").fail(error.what());
  }
  for (std::size_t t = 1; t < tokens.size(); ++t) {
    if (!std::isfinite(log_prob[t])) places[t - 1].fail("this token has probability 0 here");
  }
  nlohmann::json steps = nlohmann::json::array();
  for (int j = 0; j < trace.prefixes(); ++j) {
    steps.push_back(step_of(trace, j, one.at("tokens").value(), vocabulary));
  }
  return steps;
}

}  // namespace

nlohmann::json fill_oracle(const nlohmann::json& input) {
  const JsonPlace root(input);
  nlohmann::json out = input;
  const std::vector<JsonPlace> worlds = root.at("worlds").items("worlds");
  for (std::size_t w = 0; w < worlds.size(); ++w) {
    const GenerativeLaw law = read_law(worlds[w].at("world"));
    const Vocabulary vocabulary = numbered_vocabulary(law);
    const GenerativeOracle oracle(law, vocabulary);
    const std::vector<JsonPlace> cases = worlds[w].at("cases").items("cases");
    for (std::size_t n = 0; n < cases.size(); ++n) {
      out["worlds"][w]["cases"][n]["steps"] = steps_of(cases[n], oracle);
    }
  }
  return out;
}

}  // namespace tightrope
