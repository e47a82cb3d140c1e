// SPDX-License-Identifier: Apache-2.0
// Proves the way to LibTorch that the reference gradients of this folder use.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace {

// d sum(X X) / d X_ij = sum_k X_jk + sum_k X_ki; here X = [[1, 2], [3, 4]].
TEST(LibTorch, GradientOfATwoByTwoProduct) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  at::Tensor x = at::tensor({1.0, 2.0, 3.0, 4.0}, options).view({2, 2}).clone();
  x.requires_grad_(true);
  at::mm(x, x).sum().backward();
  const at::Tensor expected = at::tensor({7.0, 11.0, 9.0, 13.0}, options).view({2, 2});
  EXPECT_TRUE(at::equal(x.grad(), expected)) << x.grad();
}

}  // namespace
