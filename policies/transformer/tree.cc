// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/tree.h"

namespace tightrope {

void TokenTree::build(const TransformerShape& shape, const TokenBatch& batch, int first, int cases,
                      Reads reads) {
  token.clear();
  position.clear();
  parent.clear();
  active.clear();
  allowed.clear();
  targets.clear();
  row_begin.assign(1, 0);
  active_begin.assign(1, 0);
  const int first_token = batch.offset[batch.group_begin[first]];
  const int tokens = batch.offset[batch.group_begin[first + cases]] - first_token;
  law_row.assign(reads == Reads::kEverything ? tokens : 0, -1);
  belief_row.assign(reads == Reads::kEverything ? tokens : 0, -1);
  for (int b = first; b < first + cases; ++b) {
    nodes_.clear();
    reads_.clear();
    for (int i = 0; i < shape.image_tokens; ++i) {
      nodes_.push_back({.token = -1 - i, .state = {}, .parent = i - 1, .position = i});
    }
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      add_trajectory(shape, batch, n, reads, first_token);
    }
    number_rows(shape, reads);
    row_begin.push_back(rows());
    active_begin.push_back(active_rows());
  }
}

// The node of `token` after `from`, made when it is not there.
int TokenTree::child_of(int from, Token token_id, const Grammar& grammar) {
  int* link = &nodes_[from].child;
  while (*link >= 0) {
    if (nodes_[*link].token == token_id) return *link;
    link = &nodes_[*link].sibling;
  }
  *link = static_cast<int>(nodes_.size());
  const Node& before = nodes_[from];
  nodes_.push_back(
      {.token = token_id,
       .state = before.token < 0 ? Grammar::start() : grammar.next(before.state, token_id),
       .parent = from,
       .position = before.position + 1});
  return static_cast<int>(nodes_.size()) - 1;
}

void TokenTree::read(int node, int index, Token id, bool belief) {
  nodes_[node].read = true;
  reads_.push_back({node, index, id, belief});
}

void TokenTree::add_trajectory(const TransformerShape& shape, const TokenBatch& batch, int n,
                               Reads reads, int first_token) {
  const std::span<const Token> ids = batch.tokens_of(n);
  shape.check_length(ids.size());
  const bool everything = reads == Reads::kEverything;
  int node = shape.image_tokens - 1;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const int index = batch.offset[n] + static_cast<int>(t) - first_token;
    if (t > 0 && !everything && batch.mask[index + first_token] != 0) {
      const TokenRange range = shape.grammar.allowed(nodes_[node].state);
      shape.check_scored(ids, t, range);
      if (reads == Reads::kPrefixes || range.size() > 1) read(node, index, ids[t], false);
    }
    const bool last = t + 1 == ids.size();
    if (last && (!everything || ids[t] == Vocabulary::end_of_sequence())) return;
    node = child_of(node, ids[t], shape.grammar);
    if (!everything) continue;
    read(node, index, ids[t], false);
    if (ids[t] == Vocabulary::answer_now() || ids[t] == shape.vocabulary.end_think()) {
      read(node, index, ids[t], true);
    } else if (!shape.vocabulary.is_disease(ids[t])) {
      read(child_of(node, Vocabulary::answer_now(), shape.grammar), index, ids[t], true);
    }
  }
}

// Nodes come after their parents, so one backward sweep marks what is needed.
void TokenTree::number_rows(const TransformerShape& shape, Reads reads) {
  for (int i = static_cast<int>(nodes_.size()) - 1; i >= 0; --i) {
    Node& node = nodes_[i];
    node.needed = node.needed || node.read;
    if (node.needed && node.parent >= 0) nodes_[node.parent].needed = true;
  }
  row_of_.assign(nodes_.size(), -1);
  active_of_.assign(nodes_.size(), -1);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (!node.needed) continue;
    row_of_[i] = rows();
    if (node.read) {
      active_of_[i] = active_rows();
      active.push_back(rows());
      allowed.push_back(shape.grammar.allowed(node.state));
    }
    token.push_back(node.token);
    position.push_back(node.position);
    parent.push_back(node.parent < 0 ? -1 : row_of_[node.parent]);
  }
  for (const Read& wanted : reads_) {
    if (reads != Reads::kEverything) {
      targets.push_back({active_of_[wanted.node], wanted.index, wanted.id});
    } else {
      (wanted.belief ? belief_row : law_row)[wanted.index] = active_of_[wanted.node];
    }
  }
}

}  // namespace tightrope
