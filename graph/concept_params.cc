// SPDX-License-Identifier: Apache-2.0
#include "graph/concept_params.h"

namespace tightrope {
namespace {

using P = ConceptParams;
using S = Schema<ConceptParams>;

void probability(S& s, const char* name, double P::*member, const char* help) {
  s.field(name, member, {.unit = "1", .range = between(0, 1), .help = help});
}

void fields_of_disease(S& s) {
  s.field("graph", &P::graph,
          {.unit = "",
           .range = {},
           .help = "concept graph: cxr (12 x 53), toy (8 x 4), synthetic "
                   "(12 x 32, permuted by seed), overlap_1 .. overlap_4 (six pairs that "
                   "share 1 .. 4 of 6 findings each), or the path of a file"});
  s.field("diagnosis", &P::diagnosis,
          {.unit = "",
           .range = {},
           .help = "generative: the disease makes the findings; rule: the reported findings of a "
                   "category decide the disease",
           .choices = {"generative", "rule"}});
  s.field(
      "sites", &P::sites,
      {.unit = "1", .range = between(1, 64), .help = "number of latent sites u: the confounder"});
  s.field("confounding", &P::confounding,
          {.unit = "nat",
           .range = at_least(0),
           .help = "kappa: P(z | u) is proportional to prior[z] exp(kappa link[u, z])"});
  s.field("tail", &P::tail,
          {.unit = "1",
           .range = {.low = 0, .high = 1, .low_open = true, .high_open = false},
           .help = "prior of the disease of rank r is proportional to tail^r; ranks by seed"});
  s.field("entangled_threshold", &P::entangled_threshold,
          {.unit = "1",
           .range = between(0, 1),
           .help = "mutually nearest diseases whose associations have at least this Jaccard index "
                   "are an entangled pair"});
}

void fields_of_attributes(S& s) {
  probability(s, "association", &P::association, "P(attribute | an associated disease)");
  probability(s, "exclusion", &P::exclusion, "P(attribute | a disease that excludes it)");
  probability(s, "base", &P::base, "P(attribute | an irrelevant disease)");
  s.field("base_jitter", &P::base_jitter,
          {.unit = "nat",
           .range = between(0, 10),
           .help = "standard deviation over attributes of the log-odds of base, drawn by seed"});
  s.field("spurious", &P::spurious,
          {.unit = "1",
           .range = between(0, 1000),
           .help = "number of attributes that depend on the site alone; number r marks site r "
                   "modulo sites"});
  probability(s, "spurious_high", &P::spurious_high, "P(spurious attribute) at the site it marks");
  probability(s, "spurious_low", &P::spurious_low, "P(spurious attribute) at the other sites");
}

void fields_of_report(S& s) {
  probability(s, "mention", &P::mention, "P(reported | present)");
  probability(s, "mention_absent", &P::mention_absent,
              "P(\"no k\" reported | absent), attributes that discriminate no entangled pair");
  probability(s, "mention_absent_discriminating", &P::mention_absent_discriminating,
              "P(\"no k\" reported | absent), attributes that discriminate an entangled pair "
              "(rule: its deciding "
              "findings)");
  s.field("max_mentions", &P::max_mentions,
          {.unit = "finding",
           .range = between(1, 100000),
           .help = "a report is closed after this many findings"});
  probability(s, "style", &P::style,
              "P(synonym 0 | reported) at the first site; linear to 1 - style at the last");
  s.field("report_from", &P::report_from,
          {.unit = "",
           .range = {},
           .help = "latent: the report tells latent attributes; image: what a reader sees, "
                   "P(present | v_k) at even prior odds",
           .choices = {"latent", "image"}});
}

void fields_of_image(S& s) {
  s.field("image_code", &P::image_code,
          {.unit = "",
           .range = {},
           .help = "linear: a present attribute shifts its channel by +signal; polarity: by "
                   "+signal or -signal, so that presence is no linear read-out",
           .choices = {"linear", "polarity"}});
  probability(s, "polarity", &P::polarity,
              "P(+signal | present) with image_code polarity; spurious channels always show +");
  s.field("signal", &P::signal,
          {.unit = "1", .range = any_number(), .help = "shift of a channel by its attribute"});
  s.field("noise", &P::noise,
          {.unit = "1",
           .range = greater_than(0),
           .help = "standard deviation of a channel's noise, also of nuisance channels"});
  s.field("noise_discriminating", &P::noise_discriminating,
          {.unit = "1",
           .range = greater_than(0),
           .help = "the same, channels of attributes that discriminate an entangled pair "
                   "(diagnosis: rule: of its deciding findings)"});
  s.field(
      "noise_spurious", &P::noise_spurious,
      {.unit = "1", .range = greater_than(0), .help = "the same, channels of spurious attributes"});
  s.field("nuisance_channels", &P::nuisance_channels,
          {.unit = "1",
           .range = between(0, 100000),
           .help = "number of further channels that hold noise alone"});
}

void fields_of_rule(S& s) {
  s.field("rule", &P::rule,
          {.unit = "",
           .range = {},
           .help = "diagnosis: rule: when the second member of a pair is the diagnosis, by the two "
                   "reported deciding findings",
           .choices = {"xor", "and", "one"}});
  probability(s, "deciding", &P::deciding, "diagnosis: rule: P(deciding finding | its pair)");
  probability(s, "flip", &P::flip,
              "diagnosis: rule: probability that the other member of the pair is recorded");
}

}  // namespace

Schema<ConceptParams> concept_schema() {
  S s;
  fields_of_disease(s);
  fields_of_attributes(s);
  fields_of_report(s);
  fields_of_image(s);
  fields_of_rule(s);
  return s;
}

}  // namespace tightrope
