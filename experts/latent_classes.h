// SPDX-License-Identifier: Apache-2.0
// Strata of cases estimated from the words of their reports alone: what a practitioner who cannot
// see the confounder could do. A latent class model (Lazarsfeld and Henry 1968) of which of two
// synonyms each reported finding uses,
//
//   P(words of case n) = sum_c weight_c prod_k lambda_ck^[synonym 0] (1 - lambda_ck)^[synonym 1]
//
// fitted by expectation maximisation, started from the cases' shares of first synonyms in order.
#pragma once

#include <vector>

#include "core/api/cases.h"

namespace tightrope {

struct LatentClasses {
  int classes = 0;                // C
  std::vector<double> posterior;  // [N, C] P(class | words of case n)
  std::vector<double> disease;    // [C, Z] P(z | class), from posteriors and recorded diagnoses
};

// Draws nothing; the same cases give the same classes. `classes` >= 1, `diseases` = Z.
LatentClasses fit_latent_classes(const Cases& cases, int classes, int diseases);

}  // namespace tightrope
