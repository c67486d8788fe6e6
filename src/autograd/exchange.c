#include "autograd/exchange.h"

#include <limits.h>
#include <string.h>

typedef enum stage { IDLE, SPANS, SUMS } stage;

struct esp__exchange {
  esp_param *w;
  int index; /* of the node: messages of different nodes have different tags */
  stage stage;
  size_t weights; /* that travel */
  uint32_t *kept; /* [kept_weights] those that the mask keeps */
  size_t kept_weights;
  bool looked; /* at the mask, when it had this generation */
  uint64_t generation;
  bool all;    /* this time all travel */
  float *more; /* [own spans - 1][w->count] sums of own spans behind the first */
  float *out;  /* for each process what it owns: [own spans][its slice] */
  float *in;   /* [spans][own slice] */
  float *sum;  /* [weights], unless all travel */
  esp__mail *mail;
  esp__exchange *next;
};

/* ---- who owns what ---- */

typedef struct slice {
  size_t first, count;
} slice;

static slice slice_of(const esp_graph *g, const esp__exchange *x, int rank) {
  const size_t ranks = (size_t)g->shares.split.count, i = (size_t)rank;
  const size_t first = x->weights * i / ranks;
  return (slice){first, x->weights * (i + 1) / ranks - first};
}

/* The spans of a rank are neighbours. */
static int spans_of(const esp__shares *s, int rank, int *first) {
  int spans = 0;
  for (int i = 0; i < s->spans; i++)
    if (s->span[i].owner == rank && spans++ == 0) *first = i;
  return spans;
}

/* ---- planning ---- */

static esp_status plan_memory(esp_graph *g, esp__exchange *x, esp_error *err) {
  const esp__split *t = &g->shares.split;
  const size_t count = x->w->count, ranks = (size_t)t->count;
  esp__span *span;
  int first;
  ESP_TRY(esp__graph_alloc(g, (size_t)t->parts * sizeof *span, &span, err));
  const esp__shares whole = {.spans = esp__split_spans(t, t->parts, span), .span = span};
  const size_t all = (size_t)whole.spans, own = (size_t)spans_of(&whole, t->rank, &first);
  const size_t most = count / ranks + 1;
  if (count * sizeof(float) > INT_MAX || most * all * sizeof(float) > INT_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "'%s' has %zu weights; expected less to share between %zu "
                    "processes",
                    x->w->name, count, ranks);
  ESP_TRY(esp__graph_alloc(g, (own - 1) * count * sizeof(float), &x->more, err));
  ESP_TRY(esp__graph_alloc(g, own * count * sizeof(float), &x->out, err));
  ESP_TRY(esp__graph_alloc(g, all * most * sizeof(float), &x->in, err));
  ESP_TRY(esp__graph_alloc(g, count * sizeof(float), &x->sum, err));
  ESP_TRY(esp__graph_alloc(g, count * sizeof(uint32_t), &x->kept, err));
  return esp__graph_alloc(g, esp__mail_bytes(2 * (int)ranks), &x->mail, err);
}

esp_status esp__exchange_plan(esp_graph *g, esp_param *w, int index, esp__exchange **x,
                              esp_error *err) {
  *x = NULL;
  if (!esp__split_is_shared(&g->shares.split)) return ESP_OK;
  esp__exchange *made;
  ESP_TRY(esp__graph_alloc(g, sizeof *made, &made, err));
  made->w = w;
  made->index = index;
  made->next = g->exchanges;
  g->exchanges = *x = made;
  return plan_memory(g, made, err);
}

/* ---- packing ---- */

float *esp__exchange_target(const esp__exchange *x, esp_param *w, int k) {
  return k == 0 ? w->grad : x->more + (size_t)(k - 1) * w->count;
}

static void find_kept(esp__exchange *x) {
  const esp_mask *mask = x->w->mask;
  x->kept_weights = 0;
  for (size_t i = 0; i < x->w->count; i++)
    if (mask->keep[i]) x->kept[x->kept_weights++] = (uint32_t)i;
  x->generation = mask->generation;
  x->looked = true;
}

/* Which weights travel this time. */
static void choose(const esp_graph *g, esp__exchange *x) {
  const esp_mask *mask = x->w->mask;
  x->all = !mask || g->pass.dense_gradients;
  if (!x->all && !(x->looked && x->generation == mask->generation)) find_kept(x);
  x->weights = x->all ? x->w->count : x->kept_weights;
}

/* Where the sums of what travels go: those of all weights to where they are wanted. */
static float *sums_of(const esp__exchange *x) {
  return x->all ? x->w->grad : x->sum;
}

/* Takes a slice of the numbers of all weights. */
static void pack(const esp__exchange *x, const float *from, slice s, float *to) {
  if (x->all) {
    memcpy(to, from + s.first, s.count * sizeof *to);
    return;
  }
  for (size_t i = 0; i < s.count; i++) to[i] = from[x->kept[s.first + i]];
}

static void unpack(const esp__exchange *x) {
  if (x->all) return;
  memset(x->w->grad, 0, x->w->count * sizeof *x->sum);
  for (size_t i = 0; i < x->weights; i++) x->w->grad[x->kept[i]] = x->sum[i];
}

/* ---- the way there: span sums to those who add them ---- */

/* The own sums of what `rank` owns, to `to`. */
static void pack_spans(const esp_graph *g, const esp__exchange *x, int rank, float *to) {
  const slice s = slice_of(g, x, rank);
  for (int k = 0; k < g->shares.own_spans; k++)
    pack(x, esp__exchange_target(x, x->w, k), s, to + (size_t)k * s.count);
}

static int bytes_of(size_t numbers) {
  return (int)(numbers * sizeof(float));
}

static void send_spans(esp_graph *g, esp__exchange *x, int rank) {
  const slice s = slice_of(g, x, rank);
  const size_t own = (size_t)g->shares.own_spans;
  float *from = x->out + own * s.first;
  if (own == 0 || s.count == 0) return;
  pack_spans(g, x, rank, from);
  esp__mail_send(g->shares.split.ranks, x->mail, rank, 2 * x->index, from, bytes_of(own * s.count));
}

static void receive_spans(esp_graph *g, esp__exchange *x, int rank) {
  const size_t own = slice_of(g, x, g->shares.split.rank).count;
  int first = 0;
  const int spans = spans_of(&g->shares, rank, &first);
  if (spans == 0 || own == 0) return;
  esp__mail_receive(g->shares.split.ranks, x->mail, rank, 2 * x->index, x->in + (size_t)first * own,
                    bytes_of((size_t)spans * own));
}

void esp__exchange_begin(esp_graph *g, esp__exchange *x) {
  if (!x) return;
  const int ranks = g->shares.split.count, self = g->shares.split.rank;
  choose(g, x);
  for (int i = 1; i < ranks; i++) receive_spans(g, x, (self + i) % ranks);
  for (int i = 1; i < ranks; i++) send_spans(g, x, (self + i) % ranks);
  pack_spans(g, x, self, x->in + (size_t)g->shares.own_first * slice_of(g, x, self).count);
  x->stage = SPANS;
}

/* ---- the way back: sums to all ---- */

static void add_spans(const esp_graph *g, const esp__exchange *x, slice own) {
  const esp__shares *s = &g->shares;
  const size_t runs = (own.count + ESP_SPAN_RUN - 1) / ESP_SPAN_RUN;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < runs; i++) {
    const size_t from = i * ESP_SPAN_RUN, left = own.count - from;
    esp__spans_add_rows(s->span, s->spans, x->in + from, own.count,
                        left < ESP_SPAN_RUN ? left : ESP_SPAN_RUN, sums_of(x) + own.first + from);
  }
}

static void share_sums(esp_graph *g, esp__exchange *x) {
  esp_ranks *ranks = g->shares.split.ranks;
  const int count = esp_ranks_count(ranks), self = esp_ranks_rank(ranks);
  const slice own = slice_of(g, x, self);
  add_spans(g, x, own);
  for (int i = 1; i < count; i++) {
    const int other = (self + i) % count;
    const slice theirs = slice_of(g, x, other);
    if (theirs.count > 0)
      esp__mail_receive(ranks, x->mail, other, 2 * x->index + 1, sums_of(x) + theirs.first,
                        bytes_of(theirs.count));
  }
  for (int i = 1; i < count && own.count > 0; i++)
    esp__mail_send(ranks, x->mail, (self + i) % count, 2 * x->index + 1, sums_of(x) + own.first,
                   bytes_of(own.count));
  x->stage = SUMS;
}

/* ---- going on ---- */

static void go_on(esp_graph *g, esp__exchange *x) {
  if (x->stage == SPANS && esp__mail_done(g->shares.split.ranks, x->mail)) share_sums(g, x);
  if (x->stage != SUMS || !esp__mail_done(g->shares.split.ranks, x->mail)) return;
  unpack(x);
  x->stage = IDLE;
}

void esp__exchanges_go_on(esp_graph *g) {
  for (esp__exchange *x = g->exchanges; x; x = x->next) go_on(g, x);
}

static bool all_idle(const esp_graph *g) {
  for (const esp__exchange *x = g->exchanges; x; x = x->next)
    if (x->stage != IDLE) return false;
  return true;
}

void esp__exchanges_finish(esp_graph *g) {
  esp__waiting w = {0};
  while (!all_idle(g)) {
    esp__exchanges_go_on(g);
    esp__ranks_wait(g->shares.split.ranks, &w);
  }
}
