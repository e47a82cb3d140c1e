// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/measures/permutation.h"
#include "analysis/measures/read_pool.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "core/config/problems.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const po::variables_map& values, const char* option) {
  return values.count(option) > 0 ? values[option].as<Texts>() : Texts{};
}

const char* yes(bool value) { return value ? "yes" : "no"; }

std::string range_text(const Range& range) {
  return fmt::format("[{:.4g}, {:.4g}]", range.low, range.high);
}

std::vector<ComponentInfo> registered() {
  std::vector<ComponentInfo> all = all_components();
  std::erase_if(all, [](const ComponentInfo& c) { return c.kind != "measure"; });
  return all;
}

std::shared_ptr<const Measure> build(const std::string& name,
                                     const std::vector<NodeEntry>& settings) {
  Node node = text_node(name);
  if (!settings.empty()) {
    std::vector<NodeEntry> entries{{"type", {}, node}};
    entries.insert(entries.end(), settings.begin(), settings.end());
    node = Node::map(std::move(entries));
  }
  Problems problems;
  auto measure = Registry<Measure>::get().build(node, "", problems);
  problems.throw_if_any();
  return measure;
}

int list_measures() {
  std::cout << fmt::format("{:<16} {:<18} {:<12} {:<9} {:<6} {:<7} {}\n", "measure", "unit",
                           "range", "symmetric", "metric", "ordered", "what it is (source)");
  std::map<std::string, std::pair<FieldInfo, Texts>> settings;  // with the measures that have them
  for (const ComponentInfo& info : registered()) {
    const MeasureFacts facts = build(info.name, {})->facts();
    std::cout << fmt::format("{:<16} {:<18} {:<12} {:<9} {:<6} {:<7} {} ({})\n", info.name,
                             facts.unit, range_text(facts.range), yes(facts.symmetric),
                             yes(facts.metric), yes(facts.ordered), info.summary, info.citation);
    for (const FieldInfo& field : info.fields) {
      auto& [same, measures] = settings[field.name];
      same = field;
      measures.push_back(info.name);
    }
  }
  std::cout << "\nsettings (--set NAME=VALUE)\n";
  for (const auto& [name, setting] : settings) {
    std::cout << fmt::format("  {}={}: {}\n    of {}\n", name, setting.first.default_text,
                             setting.first.options.help, join(setting.second, ", "));
  }
  return 0;
}

// The settings that a measure has, of "name=value" texts.
std::vector<NodeEntry> settings_of(const ComponentInfo& info, const Texts& sets,
                                   std::set<std::string>& used) {
  std::vector<NodeEntry> entries;
  for (const std::string& set : sets) {
    const std::size_t sign = set.find('=');
    TR_REQUIRE(sign != std::string::npos, "--set {}: must be NAME=VALUE", set);
    const std::string name = set.substr(0, sign);
    for (const FieldInfo& field : info.fields) {
      if (field.name != name) continue;
      entries.push_back({name, {}, parse_value(set.substr(sign + 1), "--set " + set)});
      used.insert(set);
    }
  }
  return entries;
}

struct Chosen {
  std::string name;
  std::shared_ptr<const Measure> measure;
};

std::vector<Chosen> choose(const std::string& name, const Texts& sets) {
  std::vector<Chosen> chosen;
  std::set<std::string> used;
  Texts fields;
  for (const ComponentInfo& info : registered()) {
    if (name != "all" && info.name != name) continue;
    chosen.push_back({info.name, build(info.name, settings_of(info, sets, used))});
    for (const FieldInfo& field : info.fields) fields.push_back(field.name);
  }
  if (chosen.empty()) build(name, {});  // throws with the nearest name
  for (const std::string& set : sets) {
    const std::string key = set.substr(0, set.find('='));
    TR_REQUIRE(used.contains(set), "--set {}: {} has no setting \"{}\"{}; it has {}", set, name,
               key, did_you_mean(key, fields), fields.empty() ? "none" : join(fields, ", "));
  }
  return chosen;
}

// One or two inputs, none to two columns and segments: what is given once holds for both samples.
std::vector<SampleSource> sources(const po::variables_map& values) {
  const Texts inputs = texts(values, "input"), columns = texts(values, "column");
  std::vector<std::int64_t> segments;
  if (values.count("segment") > 0) segments = values["segment"].as<std::vector<std::int64_t>>();
  const std::size_t most = std::max({inputs.size(), columns.size(), segments.size()});
  TR_REQUIRE(!inputs.empty() && most == 2,
             "{} --input, {} --column, {} --segment: give two inputs, or one and two columns or "
             "segments",
             inputs.size(), columns.size(), segments.size());
  std::vector<SampleSource> both(2);
  for (std::size_t side = 0; side < 2; ++side) {
    both[side].path = inputs[std::min(side, inputs.size() - 1)];
    both[side].header = values["header"].as<std::string>();
    if (!segments.empty()) both[side].segment = segments[std::min(side, segments.size() - 1)];
    if (!columns.empty()) {
      both[side].columns = split(columns[std::min(side, columns.size() - 1)], ',');
    }
  }
  return both;
}

struct Row {
  std::string measure, unit;
  PermutationResult result;
};

struct Comparison {
  std::vector<SampleSource> sources;
  std::size_t points[2] = {0, 0};
  int permutations = 0;
  std::int64_t seed = 0;
  std::vector<Row> rows;
  std::vector<std::pair<std::string, std::string>> refused;  // measure, why
};

// JSON has no infinity: "inf".
nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(number_text(value));
}

void print_json(const Comparison& c) {
  nlohmann::ordered_json out;
  for (int side = 0; side < 2; ++side) {
    out[side == 0 ? "first" : "second"] = {{"source", c.sources[side].text()},
                                           {"points", c.points[side]}};
  }
  out["permutations"] = c.permutations;
  out["seed"] = c.seed;
  out["measures"] = nlohmann::ordered_json::array();
  for (const Row& row : c.rows) {
    const PermutationResult& r = row.result;
    out["measures"].push_back({{"measure", row.measure},
                               {"estimator", r.estimator},
                               {"unit", row.unit},
                               {"value", number(r.value)},
                               {"null_mean", number(r.null_mean)},
                               {"null_95", number(r.null_95)},
                               {"p", r.p}});
  }
  out["refused"] = nlohmann::ordered_json::array();
  for (const auto& [measure, why] : c.refused) {
    out["refused"].push_back({{"measure", measure}, {"why", why}});
  }
  std::cout << out.dump(2) << "\n";
}

void print_table(const Comparison& c) {
  std::cout << fmt::format(
      "first: {} points of {}\nsecond: {} points of {}\n"
      "null: {} permutations of the pooled points, seed {}\n\n",
      c.points[0], c.sources[0].text(), c.points[1], c.sources[1].text(), c.permutations, c.seed);
  std::cout << fmt::format("{:<16} {:>11} {:>11} {:>11} {:>7}  {:<17} {}\n", "measure", "value",
                           "null mean", "null 95 %", "p", "unit", "estimator");
  for (const Row& row : c.rows) {
    const PermutationResult& r = row.result;
    std::cout << fmt::format("{:<16} {:>11.4g} {:>11.4g} {:>11.4g} {:>7.4f}  {:<17} {}\n",
                             row.measure, r.value, r.null_mean, r.null_95, r.p, row.unit,
                             r.estimator);
  }
  for (const auto& [measure, why] : c.refused) {
    const bool named = why.starts_with(measure + " ");
    std::cout << fmt::format("not computed: {}{}\n", named ? "" : measure + ": ", why);
  }
}

po::options_description flags() {
  po::options_description options("options");
  options.add_options()("input", po::value<Texts>()->composing(),
                        "file of the first, then of the second sample: a text table or HDF5; - is "
                        "the standard input")("column", po::value<Texts>()->composing(),
                                              "column of the first, then of the second sample: a "
                                              "name, a 0-based index or an HDF5 variable; "
                                              "A,B: points of two dimensions")(
      "header", po::value<std::string>()->default_value("auto"),
      "auto, present, absent: does a table begin with names")(
      "segment", po::value<std::vector<std::int64_t>>()->composing(),
      "row of an HDF5 variable [segment, step], of the first, then of the second sample")(
      "labels", "the cells are categories")("permutations", po::value<int>()->default_value(999),
                                            "of the pooled points")(
      "seed", po::value<std::int64_t>()->default_value(0), "of permutations and random features")(
      "set", po::value<Texts>()->composing(), "NAME=VALUE: a setting of the measures that have it")(
      "json", "as JSON");
  return options;
}

int measure(const Texts& args) {
  const po::variables_map values = parse_arguments("measure", args, flags(), {"NAME"}, 1);
  const auto name = values["NAME"].as<std::string>();
  if (name == "list") return list_measures();
  const std::vector<Chosen> chosen = choose(name, texts(values, "set"));
  Comparison c;
  c.sources = sources(values);
  c.permutations = values["permutations"].as<int>();
  c.seed = values["seed"].as<std::int64_t>();
  TR_REQUIRE(c.permutations >= 1 && c.permutations <= 1000000,
             "--permutations {}: must be from 1 to 1000000", c.permutations);
  TR_REQUIRE(c.seed >= 0, "--seed {}: must be >= 0", c.seed);
  const Pool pool = read_pool(c.sources[0], c.sources[1], values.count("labels") > 0);
  c.points[0] = pool.first;
  c.points[1] = pool.second;
  const Stream stream(static_cast<std::uint64_t>(c.seed), Purpose::kStatistics, 0);
  for (const Chosen& one : chosen) {
    try {
      c.rows.push_back({one.name, one.measure->facts().unit,
                        permutation_test(*one.measure, pool, c.permutations, stream)});
    } catch (const InputError& error) {
      if (name != "all") throw;
      c.refused.emplace_back(one.name, error.what());
    }
  }
  if (values.count("json") > 0) {
    print_json(c);
  } else {
    print_table(c);
  }
  return 0;
}

}  // namespace

TR_COMMAND(measure, "measure", "measure NAME|all|list --input A --input B [options]",
           "by how much two samples differ, beside what chance alone would say", measure);

}  // namespace tightrope
