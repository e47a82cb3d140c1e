// SPDX-License-Identifier: Apache-2.0
// The rows that a pass over some cases must compute: per case a tree, image tokens first, in which
// trajectories share their common beginning, without rows that nothing read depends on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/api/token_batch.h"
#include "core/api/vocabulary.h"
#include "policies/transformer/shape.h"

namespace tightrope {

// What is read of the rows.
enum class Reads {
  kScored,     // the laws that scored tokens were drawn from, where more than one token may follow
  kPrefixes,   // the row before every scored token (values)
  kEverything  // every row but those of <eos>, and <answer_now> branched off after each (beliefs)
};

// A scored token, `index` among the tokens of the cases, and the active row of its law.
struct TreeTarget {
  int active = 0;
  int index = 0;
  Token id = 0;
};

class TokenTree {
 public:
  // Rows of cases [first, first + cases) of a batch. Throws InputError when a trajectory is longer
  // than the shape has positions for.
  void build(const TransformerShape& shape, const TokenBatch& batch, int first, int cases,
             Reads reads);

  int rows() const { return static_cast<int>(token.size()); }
  int active_rows() const { return static_cast<int>(active.size()); }
  int cases() const { return static_cast<int>(row_begin.size()) - 1; }

  // Per row: token id (-1 - i: image token i), position, the row it follows (-1: none).
  std::vector<std::int32_t> token, position, parent;
  std::vector<std::int32_t> row_begin;  // [cases + 1]
  // Rows whose output is read, ascending; the allowed tokens after each.
  std::vector<std::int32_t> active;
  std::vector<TokenRange> allowed;
  std::vector<std::int32_t> active_begin;  // [cases + 1] into `active`
  std::vector<TreeTarget> targets;         // scored tokens whose row is active
  // kEverything: per token of the cases the active row of the law after it and of the belief there,
  // -1 where there is none (<eos>; beliefs also after a diagnosis).
  std::vector<std::int32_t> law_row, belief_row;

 private:
  struct Node {
    Token token = 0;
    Grammar::State state;
    int parent = -1;
    int child = -1;    // first child
    int sibling = -1;  // next child of the same parent
    int position = 0;
    bool read = false;
    bool needed = false;
  };
  // What is read of a node: a scored token's law, or in kEverything the law or belief after a
  // token.
  struct Read {
    int node = 0;
    int index = 0;
    Token id = 0;
    bool belief = false;
  };
  int child_of(int parent, Token token, const Grammar& grammar);
  void add_trajectory(const TransformerShape& shape, const TokenBatch& batch, int n, Reads reads,
                      int first_token);
  void number_rows(const TransformerShape& shape, Reads reads);

  void read(int node, int index, Token id, bool belief);

  std::vector<Node> nodes_;  // of one case
  std::vector<Read> reads_;
  std::vector<std::int32_t> row_of_, active_of_;
};

}  // namespace tightrope
