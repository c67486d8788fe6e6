/* A linear layer over the tokens of a sequence, one after the other: what a recurrent layer
 * needs. */
#include "autograd/conv_pass.h"

#include <omp.h>

/* Token `token` of a tensor as its first; one that keeps a single token has that. */
static esp_tensor token_of(const esp_tensor *t, int token) {
  esp_tensor own = *t;
  if (t->width > 1) own.data += (size_t)token * ESP_LANES;
  return own;
}

/* What a thread of a team does of each token: items of `at`, and either all that some blocks of
 * images need or a share of each block. */
typedef struct token_share {
  int first, end; /* items */
  int block, blocks;
  bool apart; /* the blocks are the thread's own */
} token_share;

static token_share share_of(const esp_graph *g, const esp__conv_tokens *way) {
  const int team = omp_get_num_threads(), own = omp_get_thread_num(), all = esp__graph_blocks(g);
  token_share s = {.block = all * own / team, .apart = all >= team};
  s.blocks = all * (own + 1) / team - s.block;
  s.first = s.apart ? s.block * way->items : all * way->items * own / team;
  s.end = s.apart ? (s.block + s.blocks) * way->items : all * way->items * (own + 1) / team;
  return s;
}

/* The pass from a token of its input to one of its output; each thread of the team calls it. */
static void run_token(const esp_graph *g, const esp__conv_pass *whole, const token_share *s,
                      int from, int to) {
  const esp_tensor x = token_of(whole->from, from), y = token_of(whole->to, to);
  esp__conv_pass own = *whole;
  own.from = &x;
  own.to = &y;
  if (s->apart) {
    esp__conv_pass_run_blocks(g, &own, s->block, s->blocks);
  } else {
    esp__conv_pass_run(g, &own);
#pragma omp barrier
  }
}

static void run_at(const esp_graph *g, const esp__conv_tokens *way, const token_share *s,
                   int token) {
  way->at(g, way->with, token, s->first, s->end);
  if (!s->apart) {
#pragma omp barrier
  }
}

void esp__conv_forward_tokens(esp_graph *g, esp__node *n, esp__conv_plan *p,
                              const esp__conv_tokens *way) {
  const esp__conv_pass whole = esp__conv_pass_forward(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    const token_share s = share_of(g, way);
    esp__conv_pass_prepare(g, &whole);
#pragma omp barrier
    for (int i = 0; i < way->count; i++) {
      const int token = way->reverse ? way->count - 1 - i : i;
      if (i > 0) run_token(g, &whole, &s, way->reverse ? token + 1 : token - 1, token);
      run_at(g, way, &s, token);
    }
  }
  esp__autotune_stop(&p->forward_autotune);
}

void esp__conv_backward_tokens(esp_graph *g, esp__node *n, esp__conv_plan *p,
                               const esp__conv_tokens *way) {
  const esp__conv_pass whole = esp__conv_pass_backward(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    const token_share s = share_of(g, way);
    esp__conv_pass_prepare(g, &whole);
#pragma omp barrier
    for (int i = way->count - 1; i >= 0; i--) {
      const int token = way->reverse ? way->count - 1 - i : i;
      run_at(g, way, &s, token);
      if (i > 0) run_token(g, &whole, &s, token, 0);
    }
  }
  esp__autotune_stop(&p->back_autotune);
}
