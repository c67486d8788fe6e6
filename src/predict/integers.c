/* What all layers of 8-bit integers have: weights, four channels a word; what follows the sums. */
#include "predict/integer_layers.h"

#include "autograd/fixed_point.h"
#include "base/integer.h"

#include <string.h>

/* ---- weights ---- */

esp__integer_weights esp__integer_weights_of(const esp__integer_plan *l) {
  const esp_param *w = l->op->param[0];
  return (esp__integer_weights){.param = w,
                                .taps = w->rank == 4 ? w->shape[2] * w->shape[3] : 1,
                                .groups = l->op->groups,
                                .words = esp__ceil_div(l->channels, ESP_QUAD)};
}

/* Weight of output o for channel c of the input, 0 where another group reads that. */
static int8_t weight_at(const esp__integer_weights *w, int o, int c, int tap) {
  const int own = w->param->shape[1], group = o / (w->param->shape[0] / w->groups),
            channel = c - group * own;
  if (channel < 0 || channel >= own) return 0;
  return (int8_t)
      w->param->value[((size_t)o * (size_t)own + (size_t)channel) * (size_t)w->taps + (size_t)tap];
}

uint32_t esp__integer_word(const esp__integer_weights *w, int o, int word, int tap) {
  int8_t bytes[ESP_QUAD];
  uint32_t all;
  for (int i = 0; i < ESP_QUAD; i++) bytes[i] = weight_at(w, o, word * ESP_QUAD + i, tap);
  memcpy(&all, bytes, sizeof all);
  return all;
}

static double sum_of(const esp_param *w, size_t o) {
  const size_t each = w->count / (size_t)w->shape[0];
  double sum = 0.0;
  for (size_t i = 0; i < each; i++) sum += (double)w->value[o * each + i];
  return sum;
}

/* ---- what follows the sums ---- */

/* Numbers of the outputs, filled up to whole blocks. */
static esp_status per_output(esp_network *n, const esp_param *w, void *to, esp_error *err) {
  return esp__store_alloc(&n->store, esp__whole_blocks(w->shape[0]) * sizeof(int32_t), to, err);
}

static esp_status add_bias(esp_network *n, const esp__integer_plan *l, int offset,
                           esp__integer_finish *f, esp_error *err) {
  const esp_param *w = l->op->param[0], *bias = l->op->param[1];
  int32_t *to;
  ESP_TRY(per_output(n, w, &to, err));
  for (int o = 0; o < w->shape[0]; o++) {
    const double own = bias ? (double)bias->value[o] : 0.0;
    to[o] = (int32_t)(own - (l->negative ? offset * sum_of(w, (size_t)o) : 0.0));
  }
  f->bias = to;
  return ESP_OK;
}

static bool makes_floats(const esp__integer_plan *l) {
  return l->rescale->kind == ESP_OPERATION_FROM_INTEGERS;
}

/* How the kernels compute (s * m + 2^(t - 1)) >> t from the upper half of a product. */
typedef struct scaling {
  int32_t multiplier, shift, left, limit;
} scaling;

/* The lower half of a product is left out of the rounding, which is right where t is 33 or more;
 * so sums are moved to the left. As much as they may be, which are smaller than 2^24; and where
 * that is not enough, the factor is 32 or more: sums beyond +-4 give the bounds in any case, and
 * with a factor of 128 or more all do, so that a smaller t changes nothing. Where t is so large
 * that no sum gives 1 the multiplier is 0. */
static scaling scaling_of(esp__fixed f) {
  enum { HALF = 32, LEFT_MOST = 7, LEFT_SMALL = 10, SMALL = 4, SUM_MAX = 1 << 24 };
  const int least = HALF + 1 - LEFT_SMALL, shift = esp__most(f.shift, least);
  const bool far = shift + LEFT_MOST <= HALF;
  const int left = far ? LEFT_SMALL : esp__most(0, esp__least(LEFT_MOST, HALF + 1 - shift));
  const int rest = shift + left - HALF;
  if (f.multiplier == 0 || rest > 30) return (scaling){0, 1, 0, SUM_MAX};
  return (scaling){(int32_t)f.multiplier, rest, left, far ? SMALL : SUM_MAX};
}

static scaling scaling_at(const esp__integer_plan *l, int o) {
  if (makes_floats(l) || o >= l->op->param[0]->shape[0]) return scaling_of((esp__fixed){0, 1});
  return scaling_of(esp__fixed_channel(&l->rescale->attr.requantise, o));
}

/* Without limits where no sum is moved. */
static esp_status add_scales(esp_network *n, const esp__integer_plan *l, esp__integer_finish *f,
                             esp_error *err) {
  const esp_param *w = l->op->param[0];
  const int blocks = esp__ceil_div(w->shape[0], ESP_BLOCK);
  int32_t *multiplier, *shift, *left, *limit;
  ESP_TRY(per_output(n, w, &multiplier, err));
  ESP_TRY(per_output(n, w, &shift, err));
  ESP_TRY(per_output(n, w, &left, err));
  ESP_TRY(per_output(n, w, &limit, err));
  f->multiplier = multiplier;
  f->shift = shift;
  for (int o = 0; o < blocks * ESP_BLOCK; o++) {
    const scaling own = scaling_at(l, o);
    multiplier[o] = own.multiplier;
    shift[o] = own.shift;
    left[o] = own.left;
    limit[o] = own.limit;
    if (own.left == 0) continue;
    f->left = left;
    f->limit = limit;
  }
  return ESP_OK;
}

static esp_status add_reals(esp_network *n, const esp__integer_plan *l, esp__integer_finish *f,
                            esp_error *err) {
  const esp_param *w = l->op->param[0];
  float *real;
  ESP_TRY(per_output(n, w, &real, err));
  for (int o = 0; o < w->shape[0]; o++)
    real[o] = (float)esp__fixed_real(&l->rescale->attr.requantise.from, o);
  f->real = real;
  return ESP_OK;
}

/* Two factors of 16 bits in a word. */
static int32_t pair_of(int64_t own, int64_t other) {
  return (int32_t)((uint32_t)(own & 0xffff) | (uint32_t)(other & 0xffff) << 16);
}

static void add_sum(const esp__integer_plan *l, esp__integer_finish *f) {
  const esp__sum_halves h = esp__sum_halves_of(&l->sum->attr.requantise);
  f->upper = pair_of(h.own_upper, h.other_upper);
  f->lower = pair_of(h.own_lower, h.other_lower);
  f->sum_shift = h.shift;
  f->sum_low = l->relu ? 0 : -ESP_LEVELS_MAX;
}

esp_status esp__integer_finish_of(esp_network *n, const esp__integer_plan *l, int offset,
                                  esp__integer_finish *f, esp_error *err) {
  *f = (esp__integer_finish){.low = l->positive ? 0 : -ESP_LEVELS_MAX};
  ESP_TRY(add_bias(n, l, offset, f, err));
  ESP_TRY(add_scales(n, l, f, err));
  if (l->sum) add_sum(l, f);
  return makes_floats(l) ? add_reals(n, l, f, err) : ESP_OK;
}

esp_status esp__integer_step(esp_network *n, const esp__integer_plan *l, int x, esp__step_fn *run,
                             const void *state, esp_error *err) {
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = x, .more = l->more, .y = l->y, .state = state, .shares = true},
      err);
}
