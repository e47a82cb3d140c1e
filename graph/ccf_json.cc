// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_json.h"

#include <fmt/compile.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

// Keys stay in the order of the file, and numbers are read as floats: by way of a double the
// shortest text of a float could round to its neighbour.
using Json = nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool,
                                  std::int64_t, std::uint64_t, float>;

const std::vector<std::string> kRequired = {"dicom_id", "sid",      "pid",
                                            "report",   "diagnose", "counterfact"};
const std::vector<std::string> kKeys = {"dicom_id",    "sid",   "pid",  "report",   "diagnose",
                                        "counterfact", "image", "site", "category", "attributes"};

std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_string()) return shown_text(value.get_ref<const std::string&>());
  return value.dump();
}

// nlohmann's text without its "[json.exception.parse_error.101] " and without what it read last,
// which may be long and need not be text.
std::string reason_of(const std::exception& error) {
  std::string text = error.what();
  const std::size_t end = text.find("] ");
  if (end != std::string::npos) text.erase(0, end + 2);
  return text.substr(0, std::min(text.find("; last read:"), std::size_t{160}));
}

// Parses the line; a key that stands twice in the record or in its counterfact would be lost.
Json parse(std::string_view line) {
  std::size_t keys = 0, diseases = 0;
  bool in_counterfact = false;
  const auto count = [&](int depth, Json::parse_event_t event, Json& key) {
    if (event != Json::parse_event_t::key) return true;
    if (depth == 1) {
      ++keys;
      in_counterfact = key.get_ref<const std::string&>() == "counterfact";
    } else if (depth == 2 && in_counterfact) {
      ++diseases;
    }
    return true;
  };
  Json out;
  try {
    out = Json::parse(line.begin(), line.end(), count);
  } catch (const nlohmann::json::exception& error) {
    throw InputError("not JSON: " + reason_of(error));
  }
  TR_REQUIRE(out.is_object(), "{}, must be an object of {}", shown(out), join(kKeys, ", "));
  TR_REQUIRE(keys == out.size(), "a key stands there twice");
  const auto counterfact = out.find("counterfact");
  TR_REQUIRE(
      counterfact == out.end() || !counterfact->is_object() || diseases == counterfact->size(),
      "counterfact: a disease stands there twice");
  return out;
}

void check_keys(const Json& object) {
  for (const std::string& key : kRequired) {
    TR_REQUIRE(object.contains(key), "the key {} is missing", key);
  }
  for (const auto& [key, unused] : object.items()) {
    TR_REQUIRE(std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end(),
               "unknown key {}{}; known: {}", shown_text(key), did_you_mean(key, kKeys),
               join(kKeys, ", "));
  }
}

const std::string& text_of(const Json& value, const std::string& key) {
  TR_REQUIRE(value.is_string(), "{}: {}, must be a text", key, shown(value));
  return value.get_ref<const std::string&>();
}

std::vector<float> image_of(const Json& value) {
  TR_REQUIRE(value.is_array(), "image: {}, must be a list of numbers", shown(value));
  std::vector<float> out;
  out.reserve(value.size());
  for (const Json& item : value) {
    TR_REQUIRE(item.is_number(), "image.{}: {}, must be a number", out.size(), shown(item));
    out.push_back(item.get<float>());
  }
  return out;
}

std::vector<std::uint8_t> attributes_of(const Json& value, const CcfNames& names) {
  TR_REQUIRE(value.is_array(), "attributes: {}, must be a list of names", shown(value));
  std::vector<std::uint8_t> out(names.vocabulary().attributes(), 0);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string key = fmt::format("attributes.{}", i);
    std::uint8_t& present = out[names.attribute(text_of(value[i], key), key)];
    TR_REQUIRE(present == 0, "{}: {} stands there twice", key, shown(value[i]));
    present = 1;
  }
  return out;
}

int site_of(const Json& value, int sites) {
  const bool whole = value.is_number_integer();
  TR_REQUIRE(whole && value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() < sites,
             "site: {}, must be an integer in [0, {}]", shown(value), sites - 1);
  return value.get<int>();
}

void append_quoted(const char* key, const std::string& text, std::string& out) {
  out += key;
  out += nlohmann::json(text).dump();
}

}  // namespace

CcfRecord read_ccf_line(std::string_view line, const CcfNames& names) {
  TR_REQUIRE(line.find_first_not_of(" \t\r") != std::string_view::npos, "an empty line");
  const Json object = parse(line);
  check_keys(object);
  CcfRecord out;
  out.dicom_id = text_of(object.at("dicom_id"), "dicom_id");
  out.sid = text_of(object.at("sid"), "sid");
  out.pid = text_of(object.at("pid"), "pid");
  const int disease = names.disease(text_of(object.at("diagnose"), "diagnose"), "diagnose");
  out.factual = names.read(text_of(object.at("report"), "report"), disease, "report");
  const Json& counterfact = object.at("counterfact");
  TR_REQUIRE(counterfact.is_object(), "counterfact: {}, must be an object {{disease: text}}",
             shown(counterfact));
  for (const auto& [name, text] : counterfact.items()) {
    const int other = names.disease(name, "counterfact");
    const std::string key = "counterfact." + name;
    out.counterfactuals.push_back(names.read(text_of(text, key), other, key));
  }
  if (object.contains("image")) out.image = image_of(object.at("image"));
  if (object.contains("site")) out.site = site_of(object.at("site"), names.shape().sites);
  if (object.contains("attributes")) out.attributes = attributes_of(object.at("attributes"), names);
  if (object.contains("category")) {
    const int category = names.category(text_of(object.at("category"), "category"), "category");
    TR_REQUIRE(category == out.factual.category,
               "category: {}, but the report opens with another one", shown(object.at("category")));
  }
  check_record(out, names.shape());
  return out;
}

void append_ccf_line(const CcfRecord& record, const CcfNames& names, std::string& out) {
  const Vocabulary& v = names.vocabulary();
  append_quoted("{\"dicom_id\":", record.dicom_id, out);
  append_quoted(",\"sid\":", record.sid, out);
  append_quoted(",\"pid\":", record.pid, out);
  out += ",\"report\":\"";
  names.append(record.factual, out);
  append_quoted("\",\"diagnose\":", v.names().diseases[record.factual.disease], out);
  out += ",\"counterfact\":{";
  for (const CcfReport& other : record.counterfactuals) {
    if (&other != &record.counterfactuals.front()) out += ',';
    append_quoted("", v.names().diseases[other.disease], out);
    out += ":\"";
    names.append(other, out);
    out += '"';
  }
  out += '}';
  if (record.image) {
    out += ",\"image\":[";
    for (std::size_t c = 0; c < record.image->size(); ++c) {
      if (c > 0) out += ',';
      const float value = (*record.image)[c];
      if (value == 0 && std::signbit(value)) {
        out += "-0.0";  // "-0" would read back as the integer 0
      } else {
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value);
      }
    }
    out += ']';
  }
  if (record.site) fmt::format_to(std::back_inserter(out), ",\"site\":{}", *record.site);
  if (record.factual.category >= 0) {
    append_quoted(",\"category\":", v.names().categories[record.factual.category], out);
  }
  if (record.attributes) {
    out += ",\"attributes\":[";
    const std::size_t begin = out.size();
    for (int k = 0; k < v.attributes(); ++k) {
      if ((*record.attributes)[k] == 0) continue;
      if (out.size() > begin) out += ',';
      append_quoted("", v.names().attributes[k], out);
    }
    out += ']';
  }
  out += "}\n";
}

}  // namespace tightrope
