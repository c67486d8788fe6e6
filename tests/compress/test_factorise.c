/* Networks of low rank: exact where the weights have that rank, the nearest elsewhere, and the same
 * network in all that is not a layer's weight. */
#include "base/eigen.h"
#include "compress/factorise/factors.h"
#include "suite.h"

#include <espalier/factorise.h>
#include <espalier/random.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- eigenvectors ---- */

/* Of [[2, 1], [1, 2]]: 3 and 1, with (1, 1) and (1, -1) over the root of 2. */
START_TEST(eigenvectors_by_hand) {
  double a[4] = {2, 1, 1, 2}, value[2];
  esp_error err;
  ck_assert(esp__eigen_symmetric(a, 2, value, &err) == ESP_OK);
  ck_assert_double_eq_tol(value[0], 3.0, 1e-14);
  ck_assert_double_eq_tol(value[1], 1.0, 1e-14);
  ck_assert_double_eq_tol(a[0] * a[1], 0.5, 1e-14);
  ck_assert_double_eq_tol(a[2] * a[3], -0.5, 1e-14);
}
END_TEST

/* a v = value v, v v' = 1, also with equal values, zeros, and one place. */
START_TEST(eigenvectors_are_those_of_the_matrix) {
  enum { N = 33 };
  const int n = _i == 0 ? 1 : _i == 1 ? 2 : N;
  double a[N * N] = {0}, v[N * N], value[N];
  esp_error err;
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++)
      a[i * n + j] = a[j * n + i] = _i == 3 ? (double)(i == j && i % 3 != 0)
                                            : esp_random_uniform(7, (uint64_t)(i * n + j)) - 0.5;
  memcpy(v, a, sizeof v);
  ck_assert(esp__eigen_symmetric(v, n, value, &err) == ESP_OK);
  for (int r = 0; r < n; r++) {
    ck_assert(r == 0 || value[r] <= value[r - 1]);
    for (int i = 0; i < n; i++) {
      double image = 0, product = 0;
      for (int j = 0; j < n; j++) {
        image += a[i * n + j] * v[r * n + j];
        product += v[i * n + j] * v[r * n + j];
      }
      ck_assert_double_eq_tol(image, value[r] * v[r * n + i], 1e-12);
      ck_assert_double_eq_tol(product, i == r ? 1.0 : 0.0, 1e-12);
    }
  }
}
END_TEST

/* Of a matrix of rank 2 all but two are 0, up to the rounding of the largest. */
START_TEST(eigenvalues_of_low_rank) {
  enum { MOST = 120 };
  static double a[MOST * MOST], value[MOST];
  esp_error err;
  for (int n = MOST / 2; n <= MOST; n++) {
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        a[i * n + j] = 0.0;
        for (uint64_t r = 0; r < 2; r++)
          a[i * n + j] += 1000.0 * (esp_random_uniform((esp_key)n, (uint64_t)i * 2 + r) - 0.5) *
                          (esp_random_uniform((esp_key)n, (uint64_t)j * 2 + r) - 0.5);
      }
    ck_assert_msg(esp__eigen_symmetric(a, n, value, &err) == ESP_OK, "%d: %s", n, err.text);
    ck_assert(value[1] > 100.0);
    ck_assert_double_eq_tol(value[2], 0.0, 1e-13 * value[0]);
    ck_assert_double_eq_tol(value[n - 1], 0.0, 1e-13 * value[0]);
  }
}
END_TEST

START_TEST(no_eigenvectors_of_what_is_not_finite) {
  double a[4] = {1, NAN, NAN, 1}, value[2];
  esp_error err;
  ck_assert(esp__eigen_symmetric(a, 2, value, &err) == ESP_ERR_INPUT);
}
END_TEST

/* ---- networks ---- */

static esp_model *model_of(const char *layers, esp_shape input) {
  esp_model_options o = {.arch = (char *)(uintptr_t) "custom",
                         .input = (char *)(uintptr_t) "",
                         .layers = (char *)(uintptr_t)layers,
                         .weights = (char *)(uintptr_t) "",
                         .shortcut = (char *)(uintptr_t) "projection",
                         .width = 1.0};
  esp_model *m;
  esp_error err = {.text = ""};
  const esp_status status = esp_model_new(&m, &o, input, 3, 5, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  return m;
}

enum { IMAGES = 5, CLASSES = 3 };

static void logits_of(esp_model *m, float *logits) {
  const esp_shape in = m->input;
  const size_t floats = (size_t)(in.channels * in.height * in.width);
  float *images = malloc(IMAGES * floats * sizeof *images);
  int32_t labels[IMAGES] = {0};
  esp_graph *g;
  esp_error err;
  /* A batch in lanes: [channel][row][column][16]. */
  float *lanes = calloc(floats * ESP_LANES, sizeof *lanes);
  for (size_t i = 0; i < floats * IMAGES; i++) images[i] = esp_random_uniform(11, i) - 0.5f;
  for (size_t k = 0; k < floats; k++)
    for (size_t i = 0; i < IMAGES; i++) lanes[k * ESP_LANES + i] = images[i * floats + k];
  ck_assert(esp_model_graph(m, IMAGES, false, (esp_loss_attr){0}, &g, &err) == ESP_OK);
  esp_graph_forward(g, &(esp_batch){lanes, labels, IMAGES}, (esp_pass){0});
  for (int i = 0; i < IMAGES; i++)
    for (int c = 0; c < CLASSES; c++)
      logits[i * CLASSES + c] = esp_value_at(esp_graph_output(g), i, c, 0, 0);
  esp_graph_free(g);
  free(lanes);
  free(images);
}

static double difference(esp_model *a, esp_model *b) {
  float x[IMAGES * CLASSES], y[IMAGES * CLASSES];
  double most = 0;
  logits_of(a, x);
  logits_of(b, y);
  for (int i = 0; i < IMAGES * CLASSES; i++) {
    const double here = fabs((double)x[i] - (double)y[i]);
    if (here > most) most = here;
  }
  return most;
}

/* The weight becomes one of rank `rank` when its last `columns` dimensions are unfolded apart:
 * sums of products of a value of the inputs and rows, and one of the outputs and columns. */
static void make_low(esp_param *w, int rank) {
  const int inputs = w->shape[1], rows = w->rank == 4 ? w->shape[2] : 1,
            columns = w->rank == 4 ? w->shape[3] : 1;
  for (int o = 0; o < w->shape[0]; o++)
    for (int i = 0; i < inputs; i++)
      for (int k = 0; k < rows * columns; k++) {
        double sum = 0;
        for (int r = 0; r < rank; r++) {
          const uint64_t p = (uint64_t)((i * rows + k / columns) * 64 + r),
                         q = (uint64_t)((o * columns + k % columns) * 64 + r);
          sum += (esp_random_uniform(1, p) - 0.5) * (esp_random_uniform(2, q) - 0.5);
        }
        w->value[(o * inputs + i) * rows * columns + k] = (float)sum;
      }
}

static const struct {
  const char *method, *layers;
} exact[] = {
    {"spatial", "conv 12 3x3 stride 2\nbn\nrelu\nflatten\nlinear 12\nrelu\nlinear classes\n"},
    {"spatial", "conv 12 3x5 stride 1x2 pad 0x1\nrelu\nflatten\nlinear classes\n"},
    {"svd", "conv 16 1x1 stride 2\nbn\nrelu\nflatten\nlinear 24\nrelu\nlinear classes\n"},
    {"tucker", "conv 12 3x3 pad 0\nbn\nrelu\nconv 12 3x3 stride 2\nflatten\nlinear classes\n"},
    {"auto",
     "conv 12 3x3\nbn\nrelu\nresidual b\n  conv 12 3x3\n  bn\n  relu\n  conv 12 3x3\n  bn\n"
     "end\nrelu\nglobal_avgpool\nflatten\nlinear classes\n"},
};

/* Weights of rank 2 are two factors of rank 2, up to rounding. (Unfolded along inputs and along
 * outputs they have ranks of up to 2 x rows and 2 x columns.) */
START_TEST(weights_of_low_rank_are_their_factors) {
  const bool tucker = strcmp(exact[_i].method, "tucker") == 0;
  esp_model *m = model_of(exact[_i].layers, (esp_shape){8, 9, 8}), *low;
  esp_factored_layer row[8];
  esp_error err = {.text = ""};
  for (int i = 0; i < m->layers; i++) make_low(m->layer[i].weight, tucker ? 1 : 2);
  const esp_factorise_options o = {.method = exact[_i].method, .rank = tucker ? 3 : 2};
  const esp_status status = esp_factorise(m, &o, &low, row, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  ck_assert(row[0].method != NULL);
  for (int i = 0; i < m->layers; i++) {
    ck_assert(!row[i].method || row[i].weights[1] < row[i].weights[0]);
    ck_assert_double_eq_tol(row[i].energy, 1.0, 1e-9);
  }
  ck_assert_msg(difference(m, low) < 2e-4, "%s: %g\n%s", exact[_i].method, difference(m, low),
                low->text);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

static double squares(const esp_param *a, const float *b) {
  double sum = 0;
  for (size_t i = 0; i < a->count; i++) {
    const double d = (double)a->value[i] - (b ? (double)b[i] : 0.0);
    sum += d * d;
  }
  return sum;
}

/* What a product lacks is the energy that was said to be lost: the truncated decomposition is the
 * nearest matrix of its rank. */
START_TEST(what_is_lost_is_what_was_said) {
  esp_model *m = model_of("flatten\nlinear 20\nrelu\nlinear classes\n", (esp_shape){3, 4, 2}), *low;
  esp_factored_layer row[2];
  esp_error err = {.text = ""};
  const esp_factorise_options o = {.method = "auto", .energy = 0.8};
  ck_assert(esp_factorise(m, &o, &low, row, &err) == ESP_OK);
  const esp_param *w = m->layer[0].weight, *first = low->layer[0].weight,
                  *second = low->layer[1].weight;
  float product[20 * 24] = {0};
  const int rank = first->shape[0];
  ck_assert_int_eq(row[0].rank[0], rank);
  for (int a = 0; a < 20; a++)
    for (int b = 0; b < 24; b++)
      for (int r = 0; r < rank; r++)
        product[a * 24 + b] += second->value[a * rank + r] * first->value[r * 24 + b];
  ck_assert_double_eq_tol(squares(w, product), (1.0 - row[0].energy) * squares(w, NULL), 1e-4);
  ck_assert(row[0].energy >= 0.8 && rank < 11);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

/* ---- tensor trains ---- */

/* W[i1 i2][j1 j2] = A[i1][j1] B[i2][j2], of 3x2 numbers each, is a train of rank 1, whose cores are
 * A and B but for a factor. */
START_TEST(a_train_by_hand) {
  static const float a[3][2] = {{1, 2}, {2, -1}, {3, 1}}, b[3][2] = {{2, 3}, {1, 1}, {-1, 4}};
  esp_model *m = model_of("linear 9 nobias\nlinear classes\n", (esp_shape){4, 1, 1}), *low;
  esp_factored_layer row[2];
  esp_error err = {.text = ""};
  for (int k = 0; k < 36; k++)
    m->layer[0].weight->value[k] = a[k / 12][k / 2 % 2] * b[k / 4 % 3][k % 2];
  const esp_factorise_options o = {.method = "tt", .rank = 1};
  ck_assert_msg(esp_factorise(m, &o, &low, row, &err) == ESP_OK, "%s", err.text);
  static const char lines[] =
      "reshape 2 transpose 1\nconv 3 1x1 nobias\nreshape 2 transpose 3\nconv 3 1x1 nobias\n"
      "reshape 9 transpose 3\n";
  ck_assert_msg(strncmp(low->text, lines, strlen(lines)) == 0, "%s", low->text);
  const float *first = low->layer[0].weight->value, *second = low->layer[1].weight->value;
  for (int k = 0; k < 36; k++)
    ck_assert_float_eq_tol(first[k / 12 * 2 + k / 2 % 2] * second[k / 4 % 3 * 2 + k % 2],
                           m->layer[0].weight->value[k], 1e-5f);
  ck_assert_str_eq(row[0].method, "tt");
  ck_assert_double_eq_tol(row[0].energy, 1.0, 1e-12);
  ck_assert_double_eq(row[0].weights[1], 6 + 6);
  ck_assert_double_eq(row[0].macs[1], 6 * 2 + 6 * 3);
  ck_assert_int_eq(row[0].rank[0], 1);
  ck_assert_int_eq(row[0].rank[1], 0);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

/* With all its ranks a train is the layer, bias included. Such a train costs more than the layer,
 * so nobody chooses it. */
START_TEST(a_train_of_full_rank_is_the_layer) {
  esp_model *m = model_of("linear 15\nrelu\nlinear classes\n", (esp_shape){12, 1, 1}), *low;
  const esp__factor_layer layers[2] = {{.layer = &m->layer[0],
                                        .in = {12, 1, 1},
                                        .out = {15, 1, 1},
                                        .rows = 1,
                                        .columns = 1,
                                        .linear = true},
                                       {.layer = &m->layer[1]}};
  esp__factor_choice choice[2] = {{.method = &esp__factor_train, .rank = {10}}};
  esp_error err = {.text = ""};
  for (int i = 0; i < 15; i++) m->layer[0].bias->value[i] = (float)i - 7.0f;
  ck_assert(esp__factor_train.analyse(&layers[0], &choice[0].analysis, &err) == ESP_OK);
  ck_assert_int_eq(choice[0].analysis.count[0], 10); /* 6 x 3 against 2 x 5 */
  ck_assert(esp__factor_rebuild(m, layers, choice, &low, &err) == ESP_OK);
  ck_assert(difference(m, low) < 1e-5);
  esp__factor_analysis_free(&choice[0].analysis);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

/* A sum of two products of three, each of an input's and an output's digit. */
static void make_train(esp_param *w, const int in[3], const int out[3]) {
  for (size_t k = 0; k < w->count; k++) {
    size_t i = k / (size_t)w->shape[1], j = k % (size_t)w->shape[1];
    double term[2] = {1.0, 1.0};
    for (int d = 2; d >= 0; i /= (size_t)out[d], j /= (size_t)in[d--])
      for (int t = 0; t < 2; t++)
        term[t] *= esp_random_uniform((esp_key)(3 * t + d + 1),
                                      i % (size_t)out[d] * 64 + j % (size_t)in[d]) -
                   0.5;
    w->value[k] = (float)(term[0] + term[1]);
  }
}

/* Of a large layer three cores. */
START_TEST(a_train_of_three_cores) {
  esp_model *m = model_of("flatten\nlinear 1001\nlinear classes\n", (esp_shape){1, 32, 33}), *low;
  esp_factored_layer row[2];
  esp_error err = {.text = ""};
  make_train(m->layer[0].weight, (int[]){12, 11, 8}, (int[]){7, 11, 13});
  for (int i = 0; i < 1001; i++) m->layer[0].bias->value[i] = (float)(i % 3);
  for (int i = 0; i < 3 * 1001; i++) m->layer[1].weight->value[i] *= (float)(i % 50 == 0);
  const esp_factorise_options o = {.method = "tt", .rank = 2};
  ck_assert_msg(esp_factorise(m, &o, &low, row, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(row[0].layers, 4);
  ck_assert_int_eq(row[0].rank[1], 2);
  ck_assert_double_eq(row[0].weights[1], 2 * 12 * 7 + 4 * 11 * 11 + 2 * 8 * 13 + 1001);
  ck_assert_double_eq_tol(row[0].energy, 1.0, 1e-6);
  ck_assert_ptr_null(row[1].method); /* few weights */
  ck_assert_msg(difference(m, low) < 2e-4, "%g", difference(m, low));
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

/* What no train is made of goes by singular values, or stays; with a budget, what "auto" chooses
 * has no more multiply-adds than a train. */
START_TEST(trains_are_of_linear_layers) {
  esp_model *m = model_of("conv 16 1x1\nconv 8 3x3\nflatten\nlinear classes\n",
                          (esp_shape){16, 6, 6}),
            *low;
  esp_factored_layer row[3];
  esp_error err = {.text = ""};
  const esp_factorise_options o = {.method = "tt", .rank = 1};
  ck_assert_msg(esp_factorise(m, &o, &low, row, &err) == ESP_OK, "%s", err.text);
  ck_assert_str_eq(row[0].method, "svd");
  ck_assert_ptr_null(row[1].method);
  ck_assert_str_eq(row[2].method, "tt");
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

/* A budget is met, and nearly used up; biases and norms are the same. */
START_TEST(budgets_are_met) {
  esp_model *m = model_of(
                "conv 16 3x3\nbn\nrelu\nconv 32 3x3 stride 2\nbn\nrelu\nconv 32 3x3\nbn\n"
                "relu\nflatten\nlinear classes\n",
                (esp_shape){8, 8, 8}),
            *low;
  esp_factored_layer row[4];
  esp_error err = {.text = ""};
  for (int k = 0; k < m->params.count; k++)
    if (m->params.item[k]->rank == 1)
      for (size_t i = 0; i < m->params.item[k]->count; i++)
        m->params.item[k]->value[i] = 0.5f + esp_random_uniform(3, (uint64_t)k * 100 + i);
  const esp_factorise_options o = {
      .method = "auto", .macs = _i == 0 ? 0.5 : 0.0, .parameters = _i == 1 ? 0.5 : 0.0};
  const esp_status status = esp_factorise(m, &o, &low, row, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  double before = 0, after = 0, made = 0;
  for (int i = 0; i < m->layers; i++) {
    before += _i == 0 ? row[i].macs[0] : row[i].weights[0];
    after += _i == 0 ? row[i].macs[1] : row[i].weights[1];
  }
  for (int i = 0; i < low->layers; i++) {
    const esp_param *w = low->layer[i].weight;
    made += (double)w->count * (_i == 0 ? w->positions : 1);
  }
  ck_assert_double_eq(made, after);
  ck_assert(after <= 0.5 * before && after > 0.4 * before);
  ck_assert(esp_params_find(&low->params, "bn3.var")->value[5] ==
            esp_params_find(&m->params, "bn3.var")->value[5]);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

static const struct {
  const char *layers;
  esp_factorise_options how;
  const char *message;
} refused[] = {
    {"flatten\nlinear 9\nlinear classes\n", {.method = "qr", .rank = 1}, "unknown method 'qr'"},
    {"flatten\nlinear 9\nlinear classes\n", {.method = "auto"}, "nothing says how far"},
    {"flatten\nlinear 9\nlinear classes\n",
     {.method = "auto", .rank = 2, .energy = 0.5},
     "more than one says how far"},
    {"flatten\nlinear 9\nlinear classes\n", {.method = "auto", .rank = 9}, "expected lower ranks"},
    {"flatten\nlinear 9\nlinear classes\n", {.method = "auto", .macs = 0.01}, "cannot be met"},
    {"conv 8 3x3\nbn\nrelu\ngate 0.5\nflatten\nlinear classes\n",
     {.method = "auto", .rank = 1},
     "a network with gates"},
    {"quantise\nconv 8 3x3 bits 8\nquantise\nflatten\nlinear classes bits 8\n",
     {.method = "auto", .rank = 1},
     "'conv1' is quantised; expected a network that is cut into factors first"},
};

START_TEST(refusals) {
  esp_model *m = model_of(refused[_i].layers, (esp_shape){8, 4, 4}), *low;
  esp_factored_layer row[8];
  esp_error err = {.text = ""};
  ck_assert(esp_factorise(m, &refused[_i].how, &low, row, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, refused[_i].message) != NULL, "%s", err.text);
  ck_assert_ptr_null(low);
  esp_model_free(m);
}
END_TEST

/* What is pruned does not count: of a layer that is nearly all zeros no factors are made. */
START_TEST(pruned_layers_stay) {
  esp_model *m = model_of("conv 16 3x3\nrelu\nconv 16 3x3\nflatten\nlinear classes\n",
                          (esp_shape){8, 6, 6}),
            *low;
  esp_factored_layer row[3];
  esp_error err = {.text = ""};
  esp_param *w = m->layer[1].weight;
  for (size_t i = 0; i < w->count; i++)
    if (i % 20) w->value[i] = 0.0f;
  const esp_factorise_options o = {.method = "auto", .rank = 4};
  ck_assert(esp_factorise(m, &o, &low, row, &err) == ESP_OK);
  ck_assert(row[0].method && !row[1].method);
  ck_assert_mem_eq(low->layer[low->layers - 2].weight->value, w->value,
                   w->count * sizeof *w->value);
  esp_model_free(low);
  esp_model_free(m);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("factorise");
  TCase *t = tcase_create("factorise");
  tcase_add_test(t, eigenvectors_by_hand);
  tcase_add_loop_test(t, eigenvectors_are_those_of_the_matrix, 0, 4);
  tcase_add_test(t, eigenvalues_of_low_rank);
  tcase_add_test(t, no_eigenvectors_of_what_is_not_finite);
  tcase_add_loop_test(t, weights_of_low_rank_are_their_factors, 0, sizeof exact / sizeof *exact);
  tcase_add_test(t, what_is_lost_is_what_was_said);
  tcase_add_test(t, a_train_by_hand);
  tcase_add_test(t, a_train_of_full_rank_is_the_layer);
  tcase_add_test(t, a_train_of_three_cores);
  tcase_add_test(t, trains_are_of_linear_layers);
  tcase_add_loop_test(t, budgets_are_met, 0, 2);
  tcase_add_loop_test(t, refusals, 0, sizeof refused / sizeof *refused);
  tcase_add_test(t, pruned_layers_stay);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
