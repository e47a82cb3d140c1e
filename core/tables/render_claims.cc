// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/base/strings.h"
#include "core/tables/render_detail.h"
#include "core/tables/table.h"

namespace tightrope {

using internal::bounds_text;
using internal::escape_latex;

namespace {

std::string signed_number(double value) {
  return std::isfinite(value) ? fmt::format("{:+.4f}", value) : "-";
}

std::string p_text(const PartVerdict& part, double p) {
  return part.interval.n < 2 ? "-" : fmt::format("{:.2g}", p);
}

std::string full_verdict(const PartVerdict& part) {
  std::string out = verdict_text(part.verdict);
  if (part.verdict != Verdict::kUndecided || part.interval.n < 2) return out;
  out += " (";
  if (part.seeds_to_decide > part.interval.n) {
    out += fmt::format("about {} seeds would decide; ", part.seeds_to_decide);
  }
  return out + fmt::format("{:.4f} would have shown)", part.detectable);
}

// Estimate, intervals, p-values and seeds, each between `before` and `after`.
std::string numbers(const PartVerdict& part, const char* before, const char* after) {
  const Interval& i = part.interval;
  std::string out;
  for (const std::string& cell :
       {signed_number(i.mean), bounds_text({i.low(), i.high()}, "{:+.4f}"),
        bounds_text(part.bca, "{:+.4f}"), p_text(part, part.p_value), p_text(part, part.p_holm),
        p_text(part, part.p_flip), fmt::format("{}", i.n)}) {
    out += before + cell + after;
  }
  return out;
}

}  // namespace

std::string to_markdown(const std::vector<ClaimVerdict>& claims, const std::string& seed_set) {
  std::string out = fmt::format(
      "**claims**, judged on {} seeds (paired by seed, 95 % t interval); undecided: the seeds that "
      "would decide the estimate, and the effect that these seeds show with 80 % power\n",
      seed_set);
  out +=
      "\n| claim | verdict | contrast | estimate | 95 % t interval | 95 % BCa interval | p (t) "
      "| p (Holm) | p (sign flip) | n |\n|---|---|---|---|---|---|---|---|---|---|";
  for (const ClaimVerdict& claim : claims) {
    const bool single = claim.parts.size() == 1;
    if (!single) {
      out += fmt::format("\n| {} | **{}** | {} | | | | | | | |", claim.name,
                         verdict_text(claim.verdict), claim.says);
    }
    for (const PartVerdict& part : claim.parts) {
      const std::string verdict = full_verdict(part);
      out += fmt::format("\n| {} | {} | {}{} |", single ? claim.name : "",
                         single ? "**" + verdict + "**" : verdict, part.text,
                         numbers(part, " | ", ""));
    }
  }
  return out + "\n";
}

std::string to_csv(const std::vector<ClaimVerdict>& claims, const std::string& seed_set) {
  std::string out =
      "seed_set,claim,claim_verdict,contrast,verdict,n,estimate,deviation,t_low,t_high,bca_low,"
      "bca_high,p_t,p_holm,p_sign_flip,seeds_to_decide,detectable\n";
  for (const ClaimVerdict& claim : claims) {
    for (const PartVerdict& part : claim.parts) {
      const Interval& i = part.interval;
      out += fmt::format("{},{},{},{},{},{}", seed_set, csv_cell(claim.name),
                         verdict_text(claim.verdict), csv_cell(part.text),
                         verdict_text(part.verdict), i.n);
      for (double value : {i.mean, i.deviation, i.low(), i.high(), part.bca.low, part.bca.high,
                           part.p_value, part.p_holm, part.p_flip}) {
        out += fmt::format(",{:.17g}", value);
      }
      out += fmt::format(",{},{:.17g}\n", part.seeds_to_decide, part.detectable);
    }
  }
  return out;
}

std::string to_latex(const std::vector<ClaimVerdict>& claims, const std::string& seed_set) {
  std::string out =
      fmt::format("% claims on {} seeds, paired by seed; needs the package booktabs\n", seed_set);
  out +=
      "\\begin{tabular}{lllrrrrrrr}\n\\toprule\nclaim & verdict & contrast & estimate & "
      "95 \\% t interval & 95 \\% BCa interval & $p$ (t) & $p$ (Holm) & $p$ (sign flip) & $n$ "
      "\\\\\n\\midrule\n";
  for (const ClaimVerdict& claim : claims) {
    for (std::size_t i = 0; i < claim.parts.size(); ++i) {
      const PartVerdict& part = claim.parts[i];
      out += fmt::format("{} & {} & {}{} \\\\\n", i == 0 ? escape_latex(claim.name) : "",
                         full_verdict(part), escape_latex(part.text), numbers(part, " & $", "$"));
    }
  }
  return out + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace tightrope
