// SPDX-License-Identifier: Apache-2.0
// Messages of graph files: every mistake with its place, all of them together; and the drawings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "graph/concept_graph.h"
#include "graph/graph_draw.h"

namespace tightrope {
namespace {

using testing::HasSubstr;

const char* const kGood =
    "graph: small\n"
    "source: ours\n"
    "categories: [morphology]\n"
    "diseases:\n"
    "  - {name: edema, label: Edema}\n"
    "  - {name: fracture, label: \"A < B & C\"}\n"
    "attributes:\n"
    "  - {name: septal_lines, label: Lines, category: morphology}\n"
    "  - {name: callus, label: Callus, category: morphology}\n"
    "edges:\n"
    "  - {disease: edema, attribute: septal_lines, relation: association, reason: r}\n"
    "  - {disease: fracture, attribute: callus, relation: association, reason: r}\n";

class GraphFile : public testing::Test {
 protected:
  std::string replaced(const std::string& from, const std::string& to) const {
    std::string text = kGood;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  std::string message(const std::string& text) const {
    std::ofstream(path_) << text;
    try {
      load_graph(path_.string());
    } catch (const InputError& error) {
      std::string what = error.what();
      for (auto at = what.find(path_.string()); at != std::string::npos;
           at = what.find(path_.string())) {
        what.replace(at, path_.string().size(), "F");
      }
      return what;
    }
    return "no error";
  }

  void TearDown() override { std::filesystem::remove(path_); }

  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("graph_") + testing::UnitTest::GetInstance()->current_test_info()->name() +
       ".yaml");
};

TEST_F(GraphFile, NamesThePlaceOfEveryMistake) {
  EXPECT_EQ(message(kGood), "no error");
  EXPECT_THAT(message(replaced("disease: fracture", "disease: fractur")),
              HasSubstr("F:12:15: edges.1.disease: unknown disease \"fractur\"; did you mean "
                        "\"fracture\"?; known: edema, fracture"));
  EXPECT_THAT(message(replaced("relation: association", "relation: associated")),
              HasSubstr("F:11:57: edges.0.relation: unknown relation \"associated\"; did you mean "
                        "\"association\"?"));
  EXPECT_THAT(message(replaced("label: Callus", "lable: Callus")),
              HasSubstr("F:9:20: attributes.1.lable: unknown key; did you mean \"label\"?"));
  EXPECT_THAT(message(replaced("label: Callus, ", "")),
              HasSubstr("F:9:5: attributes.1.label: this key is missing"));
  EXPECT_THAT(message(replaced("name: fracture", "name: edema")),
              HasSubstr("F:6:12: diseases.1.name: disease \"edema\" appears twice"));
  EXPECT_THAT(message(replaced("Callus, category: morphology", "Callus, category: morphologie")),
              HasSubstr("F:9:45: attributes.1.category: unknown category"));
  EXPECT_THAT(message(replaced("graph: small\n", "")), HasSubstr("graph: this key is missing"));
  EXPECT_THAT(message(replaced("reason: r}\n", "reason: }\n")),
              HasSubstr("edges.0.reason: nothing, must be a text that is not empty"));
}

TEST_F(GraphFile, NamesContradictions) {
  const std::string twice =
      std::string(kGood) +
      "  - {disease: edema, attribute: callus, relation: exclusion, reason: r}\n"
      "  - {disease: edema, attribute: callus, relation: association, "
      "reason: r}\n";
  EXPECT_THAT(message(twice), HasSubstr("F:14:5: edges.3: callus is both associated with and "
                                        "excluded by edema, see F:13:5"));
  EXPECT_THAT(message(replaced("attribute: callus, relation: association",
                               "attribute: callus, relation: exclusion")),
              HasSubstr("F:6:5: diseases.1: disease \"fracture\" has no association"));
}

TEST_F(GraphFile, ReportsAllMistakesTogether) {
  std::string text = replaced("disease: fracture", "disease: fractur");
  text.replace(text.find("septal_lines, relation"), 6, "septic");
  const std::string what = message(text);
  EXPECT_THAT(what, HasSubstr("edges.0.attribute"));
  EXPECT_THAT(what, HasSubstr("edges.1.disease"));
}

TEST_F(GraphFile, UnknownNamesGetTheNearest) {
  try {
    load_graph("cxt");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              "unknown concept graph \"cxt\"; did you mean \"cxr\"?; known: cxr, overlap_1 .. "
              "overlap_4, synthetic, toy, or "
              "the path of a .yaml file");
  }
  EXPECT_ANY_THROW(load_graph("no/such/file.yaml"));
}

TEST_F(GraphFile, IsDrawn) {
  std::ofstream(path_) << kGood;
  const ConceptGraph graph = load_graph(path_.string());
  const std::string dot = graph_dot(graph);
  EXPECT_THAT(dot, HasSubstr("\"edema\" -- \"septal_lines\""));
  EXPECT_THAT(dot, HasSubstr("label=\"A < B & C\""));
  const std::string svg = graph_svg(graph);
  EXPECT_THAT(svg, HasSubstr("A &lt; B &amp; C"));
  EXPECT_THAT(svg, HasSubstr("<title>Edema, Lines: r</title>"));
  const auto count = [](const std::string& text, const std::string& part) {
    int n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(svg, "<g>"), 2);
  EXPECT_EQ(count(svg, "<g>"), count(svg, "</g>"));
  EXPECT_EQ(count(svg, "<text"), count(svg, "</text>"));
}

}  // namespace
}  // namespace tightrope
