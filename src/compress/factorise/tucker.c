/* Three factors of a convolution: 1x1 into fewer channels, the core with the kernel's size, 1x1 out
 * of fewer channels (Tucker-2, Kim et al. 2016). The directions of the channels are those with the
 * most energy of the weights unfolded along inputs, and along outputs. */
#include "compress/factorise/factors.h"

#include <stdlib.h>

enum { IN, OUT };

static bool fits(const esp__factor_layer *l) {
  return l->attr.groups == 1 && l->rows * l->columns > 1;
}

/* Where a slice of the weights stands: those of an input, or of an output. */
typedef struct slice {
  const float *at;
  size_t blocks, block_step, block; /* runs of `block` values, block_step apart */
} slice;

static slice slice_of(const esp_param *w, int side, int channel) {
  const size_t taps = (size_t)w->shape[2] * (size_t)w->shape[3],
               inputs = (size_t)w->shape[1] * taps;
  if (side == OUT) return (slice){w->value + (size_t)channel * inputs, 1, 0, inputs};
  return (slice){w->value + (size_t)channel * taps, (size_t)w->shape[0], inputs, taps};
}

static double product(slice x, slice y) {
  double sum = 0.0;
  for (size_t b = 0; b < x.blocks; b++)
    for (size_t k = 0; k < x.block; k++)
      sum += (double)x.at[b * x.block_step + k] * (double)y.at[b * y.block_step + k];
  return sum;
}

static esp_status analyse_side(const esp_param *w, int side, esp__factor_analysis *a,
                               esp_error *err) {
  const int n = side == IN ? w->shape[1] : w->shape[0];
  double *gram = malloc((size_t)n * (size_t)n * sizeof *gram);
  if (!gram) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors of %s", w->name);
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++)
      gram[(size_t)i * (size_t)n + (size_t)j] = gram[(size_t)j * (size_t)n + (size_t)i] =
          product(slice_of(w, side, i), slice_of(w, side, j));
  return esp__factor_side(a, side, gram, n, err);
}

static esp_status analyse(const esp__factor_layer *l, esp__factor_analysis *a, esp_error *err) {
  ESP_TRY(analyse_side(l->layer->weight, IN, a, err));
  return analyse_side(l->layer->weight, OUT, a, err);
}

static esp__factor_cost cost(const esp__factor_layer *l, const int *rank) {
  const double first = (double)rank[IN] * l->in.channels,
               core = (double)rank[IN] * rank[OUT] * l->rows * l->columns,
               last = (double)rank[OUT] * l->out.channels,
               before = (double)l->in.height * l->in.width,
               behind = (double)l->out.height * l->out.width;
  return (esp__factor_cost){first + core + last, first * before + (core + last) * behind};
}

static void write_lines(const esp__factor_layer *l, const int *rank, const char *bias, FILE *out) {
  fprintf(out, "conv %d 1x1 nobias\nconv %d %dx%d stride %dx%d pad %dx%d nobias\nconv %d 1x1 %s",
          rank[IN], rank[OUT], l->rows, l->columns, l->attr.stride.rows, l->attr.stride.columns,
          l->attr.padding.rows, l->attr.padding.columns, l->out.channels, bias);
}

static double along(const esp__factor_analysis *a, int side, int r, int channel) {
  return a->direction[side][(size_t)r * (size_t)a->count[side] + (size_t)channel];
}

/* [rank OUT][inputs][taps]: the weights with outputs replaced by their directions. */
static void project_outputs(const esp_param *w, const esp__factor_analysis *a, int rank,
                            double *to) {
  const size_t each = w->count / (size_t)w->shape[0];
  for (int r = 0; r < rank; r++)
    for (int o = 0; o < w->shape[0]; o++) {
      const double by = along(a, OUT, r, o);
      for (size_t k = 0; k < each; k++)
        to[(size_t)r * each + k] += by * (double)w->value[(size_t)o * each + k];
    }
}

/* core[rank OUT][rank IN][taps] from what project_outputs made. */
static void project_inputs(const esp_param *w, const esp__factor_analysis *a, const int *rank,
                           const double *from, float *core) {
  const int taps = w->shape[2] * w->shape[3], inputs = w->shape[1];
  for (int r = 0; r < rank[OUT]; r++)
    for (int s = 0; s < rank[IN]; s++)
      for (int t = 0; t < taps; t++) {
        double sum = 0.0;
        for (int i = 0; i < inputs; i++)
          sum += along(a, IN, s, i) *
                 from[((size_t)r * (size_t)inputs + (size_t)i) * (size_t)taps + (size_t)t];
        core[((size_t)r * (size_t)rank[IN] + (size_t)s) * (size_t)taps + (size_t)t] = (float)sum;
      }
}

static esp_status fill(const esp__factor_layer *l, const esp__factor_analysis *a, const int *rank,
                       const esp_layer *made, esp_error *err) {
  const esp_param *w = l->layer->weight;
  double *room = calloc((size_t)rank[OUT] * w->count / (size_t)w->shape[0], sizeof *room);
  if (!room) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors of %s", w->name);
  for (int s = 0; s < rank[IN]; s++)
    for (int i = 0; i < w->shape[1]; i++)
      made[0].weight->value[s * w->shape[1] + i] = (float)along(a, IN, s, i);
  project_outputs(w, a, rank[OUT], room);
  project_inputs(w, a, rank, room, made[1].weight->value);
  free(room);
  for (int o = 0; o < w->shape[0]; o++)
    for (int r = 0; r < rank[OUT]; r++)
      made[2].weight->value[o * rank[OUT] + r] = (float)along(a, OUT, r, o);
  return ESP_OK;
}

static int three_layers(const esp__factor_layer *l) {
  (void)l;
  return 3;
}

const esp__factor_method esp__factor_tucker = {
    .name = "tucker",
    .help = "a convolution between two of 1x1 (Tucker-2, Kim et al. 2016)",
    .fits = fits,
    .analyse = analyse,
    .cost = cost,
    .layers = three_layers,
    .write = write_lines,
    .fill = fill,
};
