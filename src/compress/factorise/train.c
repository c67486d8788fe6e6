/* A tensor train in the place of a linear layer (Oseledets 2011; Novikov et al. 2015): inputs and
 * outputs are numbered by digits, j1 j2 (j3) and i1 i2 (i3), and the weight is a product of cores,
 *
 *     W[i1 i2 i3][j1 j2 j3] = sum over r1, r2 of  G1[i1 j1 r1] G2[r1 i2 j2 r2] G3[r2 i3 j3]
 *
 * Each core is a 1x1 convolution: what it sums over, the digit jk and the rank ahead of it, is the
 * channels, (r j), and all other digits are the pixels. It makes channels (i r'); a reshape takes i
 * to the end of the pixels, and the next j from their beginning to the channels.
 *
 * Cut behind the first digits, or ahead of the last, the weight is a matrix. The cores at the ends
 * are the directions that hold most of it; the one in the middle is what is left of the weight
 * along them. What is lost is at most what both matrices lose (Oseledets 2011, theorem 2.2).
 *
 * The last core makes several outputs by one channel, so a bias has no place in it: a depthwise
 * layer behind has it, with weights of 1. */
#include "compress/factorise/matrix.h"

#include <math.h>
#include <stdlib.h>

#define SLACK 1.05 /* weights of a way to cut a layer, for each of the one with the fewest */
enum {
  CORES_MAX = 3,
  WEIGHTS_OF_TWO = 1 << 20, /* a layer with more becomes three cores: the matrices stay small */
};

/* How a layer is cut: the bases of the digits of inputs and outputs. */
typedef struct train {
  int cores, in[CORES_MAX], out[CORES_MAX];
} train;

/* The largest divisor of n whose power is no more than n. */
static int divisor_of(int n, int power) {
  int best = 1;
  for (int a = 2;; a++) {
    double all = 1.0;
    for (int k = 0; k < power; k++) all *= a;
    if (all > n) return best;
    if (n % a == 0) best = a;
  }
}

/* Factors of n that are as equal as can be; of inputs the largest mostly first, of outputs last:
 * then fewest multiply-adds are needed. */
static void split_evenly(int n, int parts, bool turned, int *factor) {
  for (int k = parts; k > 0; k--) {
    const int own = divisor_of(n, k);
    factor[turned ? parts - k : k - 1] = own;
    n /= own;
  }
}

/* The next divisor of n above `a` that has a factor beside it; 0: there is none. */
static int next_divisor(int n, int a) {
  for (a++; a <= n / 2; a++)
    if (n % a == 0) return a;
  return 0;
}
static int first_divisor(int n) {
  const int least = next_divisor(n, 1);
  return least ? least : 1; /* n is a prime */
}

/* For each rank. */
static double weights_of_two(const train *t) {
  return (double)t->in[0] * t->out[0] + (double)t->in[1] * t->out[1];
}
static double macs_of_two(const train *t) {
  return (double)t->in[1] * t->out[0] * (t->in[0] + t->out[1]);
}

/* Among all ways to cut a layer in two that have at most `most` weights for each rank, the one with
 * the fewest multiply-adds, or weights. */
static train best_of_two(int inputs, int outputs, double most, double (*badness)(const train *)) {
  train best = {.cores = 0};
  for (int n = first_divisor(inputs); n; n = next_divisor(inputs, n))
    for (int m = first_divisor(outputs); m; m = next_divisor(outputs, m)) {
      const train t = {2, {inputs / n, n}, {m, outputs / m}};
      if (weights_of_two(&t) <= most && (!best.cores || badness(&t) < badness(&best))) best = t;
    }
  return best;
}

/* Of two cores, those that need the fewest multiply-adds and hardly more weights than others. */
static train train_of(const esp__factor_layer *l) {
  const int inputs = l->in.channels, outputs = l->out.channels;
  if ((double)inputs * outputs <= WEIGHTS_OF_TWO) {
    const train fewest = best_of_two(inputs, outputs, HUGE_VAL, weights_of_two);
    return best_of_two(inputs, outputs, SLACK * weights_of_two(&fewest), macs_of_two);
  }
  train t = {.cores = 3};
  split_evenly(inputs, 3, false, t.in);
  split_evenly(outputs, 3, true, t.out);
  return t;
}

/* The product of the bases of digits [from, to). */
static int product(const int *base, int from, int to) {
  int all = 1;
  for (int k = from; k < to; k++) all *= base[k];
  return all;
}

/* Digits i and j of cores [from, to). */
static esp__factor_axis axis_of(const train *t, int from, int to) {
  esp__factor_axis a = {0};
  const size_t inputs = (size_t)product(t->in, 0, t->cores);
  for (int k = from; k < to; k++) {
    a.base[a.digits] = t->out[k];
    a.step[a.digits++] = inputs * (size_t)product(t->out, k + 1, t->cores);
    a.base[a.digits] = t->in[k];
    a.step[a.digits++] = (size_t)product(t->in, k + 1, t->cores);
  }
  return a;
}

/* The first core against all others. */
static esp__factor_matrix first_of(const esp__factor_layer *l, const train *t) {
  return (esp__factor_matrix){l->layer->weight->value, axis_of(t, 0, 1), axis_of(t, 1, t->cores)};
}
/* The last one. */
static esp__factor_matrix last_of(const esp__factor_layer *l, const train *t) {
  const int last = t->cores - 1;
  return (esp__factor_matrix){l->layer->weight->value, axis_of(t, last, t->cores),
                              axis_of(t, 0, last)};
}

static bool is_wide(const esp__factor_matrix *m) {
  return esp__factor_axis_length(&m->p) <= esp__factor_axis_length(&m->q);
}

/* Of three cores the directions of both ends are needed; where an end is most of the layer, as with
 * a prime number of inputs, there is little to gain. */
static bool fits(const esp__factor_layer *l) {
  if (!l->linear) return false;
  const train t = train_of(l);
  const esp__factor_matrix first = first_of(l, &t), last = last_of(l, &t);
  return t.cores == 2 || (is_wide(&first) && is_wide(&last));
}

static esp_status analyse(const esp__factor_layer *l, esp__factor_analysis *a, esp_error *err) {
  const train t = train_of(l);
  const esp__factor_matrix first = first_of(l, &t), last = last_of(l, &t);
  ESP_TRY(esp__factor_decompose(&first, l->layer->name, 0, a, err));
  return t.cores == 2 ? ESP_OK : esp__factor_decompose(&last, l->layer->name, 1, a, err);
}

/* ---- the lines ---- */

/* The rank ahead of core k, and behind it. */
static int ahead(const int *rank, int k) {
  return k == 0 ? 1 : rank[k - 1];
}
static int behind(const train *t, const int *rank, int k) {
  return k == t->cores - 1 ? 1 : rank[k];
}

static int layers(const esp__factor_layer *l) {
  return train_of(l).cores + (l->layer->bias != NULL);
}

static esp__factor_cost cost(const esp__factor_layer *l, const int *rank) {
  const train t = train_of(l);
  const double scales = l->layer->bias ? l->out.channels : 0;
  esp__factor_cost sum = {scales, scales};
  for (int k = 0; k < t.cores; k++) {
    const double weights = (double)ahead(rank, k) * t.in[k] * behind(&t, rank, k) * t.out[k],
                 pixels = (double)product(t.out, 0, k) * product(t.in, k + 1, t.cores);
    sum.weights += weights;
    sum.macs += weights * pixels;
  }
  return sum;
}

static void write_lines(const esp__factor_layer *l, const int *rank, const char *bias, FILE *out) {
  const train t = train_of(l);
  for (int k = 0; k < t.cores; k++)
    fprintf(out, "reshape %d transpose %d\nconv %d 1x1 nobias\n", ahead(rank, k) * t.in[k],
            k ? t.out[k - 1] : 1, behind(&t, rank, k) * t.out[k]);
  fprintf(out, "reshape %d transpose %d", l->out.channels, t.out[t.cores - 1]);
  if (l->layer->bias) fprintf(out, "\ndepthwise 1x1 %s", bias);
}

/* ---- the cores ---- */

static double along(const esp__factor_analysis *a, int side, int r, int place) {
  return a->direction[side][(size_t)r * (size_t)a->count[side] + (size_t)place];
}

/* A core at an end. */
static void fill_end(const esp__factor_axis *axis, const esp__factor_analysis *a, int side,
                     int rank, float *core) {
  for (int r = 0; r < rank; r++)
    for (int p = 0; p < a->count[side]; p++)
      core[esp__factor_place(axis, rank, r, p)] = (float)along(a, side, r, p);
}

/* [rank][places of q]: the weight along the directions of the first end. */
static void project_first(const esp__factor_matrix *m, const esp__factor_analysis *a, int rank,
                          double *to) {
  const int rest = esp__factor_axis_length(&m->q);
  for (int r = 0; r < rank; r++)
    for (int p = 0; p < a->count[0]; p++) {
      const double by = along(a, 0, r, p);
      for (int q = 0; q < rest; q++)
        to[(size_t)r * (size_t)rest + (size_t)q] += by * esp__factor_element(m, p, q);
    }
}

/* core[i2][r2][r1][j2] from what project_first made, whose rows are (i2 j2 i3 j3). */
static void fill_middle(const train *t, const esp__factor_analysis *a, const int *rank,
                        const double *from, float *core) {
  const int ends = a->count[1];
  for (int i = 0; i < t->out[1]; i++)
    for (int s = 0; s < rank[1]; s++)
      for (int r = 0; r < rank[0]; r++)
        for (int j = 0; j < t->in[1]; j++) {
          const size_t row =
              ((size_t)r * (size_t)t->out[1] + (size_t)i) * (size_t)t->in[1] + (size_t)j;
          double sum = 0.0;
          for (int p = 0; p < ends; p++)
            sum += along(a, 1, s, p) * from[row * (size_t)ends + (size_t)p];
          *core++ = (float)sum;
        }
}

static esp_status fill_three(const esp__factor_layer *l, const train *t,
                             const esp__factor_analysis *a, const int *rank, const esp_layer *made,
                             esp_error *err) {
  const esp__factor_matrix first = first_of(l, t), last = last_of(l, t);
  const size_t rest = (size_t)esp__factor_axis_length(&first.q);
  double *room = calloc((size_t)rank[0] * rest, sizeof *room);
  if (!room)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors of %s", l->layer->name);
  fill_end(&first.p, a, 0, rank[0], made[0].weight->value);
  project_first(&first, a, rank[0], room);
  fill_middle(t, a, rank, room, made[1].weight->value);
  fill_end(&last.p, a, 1, rank[1], made[2].weight->value);
  free(room);
  return ESP_OK;
}

static esp_status fill(const esp__factor_layer *l, const esp__factor_analysis *a, const int *rank,
                       const esp_layer *made, esp_error *err) {
  const train t = train_of(l);
  const esp__factor_matrix first = first_of(l, &t);
  for (int i = 0; l->layer->bias && i < l->out.channels; i++) made[t.cores].weight->value[i] = 1.0f;
  if (t.cores == 3) return fill_three(l, &t, a, rank, made, err);
  esp__factor_fill_two(&first, a, rank[0], made[0].weight->value, made[1].weight->value);
  return ESP_OK;
}

const esp__factor_method esp__factor_train = {
    .name = "tt",
    .help =
        "a tensor train of two or three 1x1 convolutions for a linear layer (Oseledets 2011; "
        "Novikov et al. 2015)",
    .fits = fits,
    .analyse = analyse,
    .cost = cost,
    .layers = layers,
    .write = write_lines,
    .fill = fill,
};
