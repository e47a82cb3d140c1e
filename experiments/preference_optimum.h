// SPDX-License-Identifier: Apache-2.0
// Where a preference loss leads with all the data of the world and a policy that can say anything:
// the theory's prediction for answers without thinking, exact for every image.
//
// Cases of diagnosis i come with weight P(u, i | v), their alternative j with q(j | i, u); so the
// ordered pair (i, j) has weight W_ij = sum_u P(u, i | v) q(j | i, u), and the logistic loss
//
//   sum_ij W_ij log(1 + exp(-beta (d_i - d_j))),   d_z = log pi(z | v) - log ref(z | v)
//
// is least at pi* ~ ref exp(d*). Where one d gives log W_ij / W_ji = beta (d_i - d_j) for all pairs
// this is log pi_i / pi_j = log ref_i / ref_j + (1 / beta) log [P(i|v) q(j|i) / (P(j|v) q(i|j))].
// Source: ours (the loss is arXiv 2305.18290, eq. 7; its optimum the Bradley-Terry maximum).
#pragma once

#include <span>
#include <vector>

#include "core/api/expert.h"
#include "core/api/optimizer.h"
#include "core/api/world.h"

namespace tightrope {

// beta d* of weights [Z, Z] >= 0 (the diagonal is not read), mean 0, nat. Directions that no pair
// of both orders bounds are held by a penalty of 1e-9 of the total weight. Throws InternalError
// when Newton's method does not converge.
std::vector<double> pairwise_optimum(std::span<const double> weight, int diseases);

// log pi*(z | v) for the images of `cases`, [N, Z], the reference being P(z | v) of `training`, the
// environment that pairs are drawn in; of an optimizer that imitates, P(z | v) itself. Empty where
// the optimizer has no logistic_beta() or the expert no alternative_law().
std::vector<double> population_optimum(const Optimizer& optimizer, const Expert* expert,
                                       const World& world, const Environment& training,
                                       const Cases& cases);

}  // namespace tightrope
