/* The predictor's logits have the bits of the graph: every built-in network and every layer of the
 * language, dense and pruned, with every instruction set, whatever layers run as lists.
 *
 *     test_bits [built-in [IMAGES [NAME]]]    1000 images take minutes for a network */
#include "forced.h"
#include "kernels/isa.h"
#include "suite.h"

#include <espalier/random.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, TOGETHER = 100 /* images of a batch, at most */, TEXTS = 12 /* at least */ };
static int images = 2;   /* of each network */
static const char *only; /* network; NULL: all */

typedef struct net {
  esp_model *model;
  esp_mask *mask; /* [parameters] */
} net;

/* What batch norms have after some training, and biases. */
static void disturb(esp_param *p, esp_key key) {
  if (esp_param_prunable(p)) return;
  for (size_t i = 0; i < p->count; i++)
    p->value[i] = (p->role == ESP_ROLE_BIAS || p->role == ESP_ROLE_BN_SHIFT ? -0.3f : 0.5f) +
                  esp_random_uniform(key, i);
}

/* Zeroes a share of the weights, and puts a mask on what is left. */
static void prune(esp_param *p, esp_mask *m, double share, esp_key key) {
  if (!esp_param_prunable(p)) return;
  m->keep = malloc(p->count);
  m->count = p->count;
  m->generation = 1;
  for (size_t i = 0; i < p->count; i++) {
    if ((double)esp_random_uniform(key, i) < share) p->value[i] = 0.0f;
    m->keep[i] = p->value[i] != 0.0f;
    m->kept += m->keep[i];
  }
  p->mask = m;
}

static net make(const char *arch, const char *layers, esp_shape input, double pruned) {
  const esp_model_options opt = {.arch = (char *)(uintptr_t)arch,
                                 .input = (char *)(uintptr_t) "",
                                 .layers = (char *)(uintptr_t)layers,
                                 .weights = (char *)(uintptr_t) "",
                                 .shortcut = (char *)(uintptr_t) "projection",
                                 .hidden = {.value = {300, 100}, .count = 2},
                                 .width = 1.0};
  esp_error err = {.text = ""};
  net n = {0};
  ck_assert_msg(esp_model_new(&n.model, &opt, input, CLASSES, 1, &err) == ESP_OK, "%s: %s", arch,
                err.text);
  n.mask = calloc((size_t)n.model->params.count, sizeof *n.mask);
  for (int i = 0; i < n.model->params.count; i++) {
    disturb(n.model->params.item[i], (esp_key)(100 + i));
    if (pruned > 0.0) prune(n.model->params.item[i], &n.mask[i], pruned, (esp_key)(1000 + i));
  }
  return n;
}

static void free_net(net *n) {
  for (int i = 0; i < n->model->params.count; i++) free(n->mask[i].keep);
  esp_model_free(n->model);
  free(n->mask);
}

/* Texts of every length, one without a word among them, and with what is no number of a word. */
static void put_text(float *x, esp_shape s, int text, esp_key key) {
  static const float odd[] = {-1.0f, 0.5f, 1e9f};
  const int length = text == 0   ? s.width
                     : text == 1 ? 0
                                 : (int)esp_random_below(key, 0, (uint32_t)s.width + 1);
  for (int t = 0; t < s.width; t++)
    x[t] =
        t < length ? (float)esp_random_below(key, 1 + (uint64_t)t, (uint32_t)s.vocabulary) : 0.0f;
  if (length > 2) x[length / 2] = odd[text % 3];
}

static float *random_images(esp_shape s, int count, esp_key key) {
  const size_t values = (size_t)(s.channels * s.height * s.width), floats = (size_t)count * values;
  float *x = malloc(floats * sizeof *x);
  esp_random_normals(key, 1.0, x, floats);
  for (int i = 0; s.vocabulary && i < count; i++)
    put_text(x + (size_t)i * values, s, i, key + (esp_key)i);
  return x;
}

/* The logits of the graph: [count][CLASSES]. */
static void run_graph(const net *n, int count, const float *x, float *logits) {
  const esp_shape s = n->model->input;
  const size_t values = (size_t)(s.channels * s.height * s.width);
  const size_t floats = (size_t)esp_blocks_for(count) * ESP_LANES * values;
  float *lanes = aligned_alloc(64, floats * sizeof *lanes);
  memset(lanes, 0, floats * sizeof *lanes);
  for (size_t i = 0; i < (size_t)count; i++)
    for (size_t v = 0; v < values; v++)
      lanes[(i / ESP_LANES * values + v) * ESP_LANES + i % ESP_LANES] = x[i * values + v];
  esp_graph *g;
  ck_assert(esp_model_graph(n->model, count, false, (esp_loss_attr){0}, &g, NULL) == ESP_OK);
  const esp_batch batch = {lanes, NULL, count};
  esp_graph_forward(g, &batch, (esp_pass){0});
  for (int i = 0; i < count; i++)
    for (int c = 0; c < CLASSES; c++)
      logits[i * CLASSES + c] = esp_value_at(esp_graph_output(g), i, c, 0, 0);
  esp_graph_free(g);
  free(lanes);
}

/* The network as a stopwatch chooses. */
static esp_network *chosen(const net *n) {
  const float mean[3] = {0}, deviation[3] = {1.0f, 1.0f, 1.0f};
  esp_network *network;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_network_of_model(&network, n->model, mean, deviation, &err) == ESP_OK, "%s",
                err.text);
  return network;
}

/* With lists for all layers that may have them, over fields where those fit. */
static esp_network *listed(const net *n) {
  return network_forced(n->model, forced_ways[1]);
}

/* All images at once, on so many threads: whole images on each, or one on all. */
static void run_predictor(esp_network *network, int threads, int count, const float *x,
                          float *logits) {
  esp_predictor *p;
  esp_error err = {.text = ""};
  ck_assert(esp_predictor_new_threads(&p, network, threads, &err) == ESP_OK);
  esp_predict_images(p, x, count, logits);
  esp_predictor_free(p);
  esp_network_free(network);
}

static double macs_of(const esp_model *m) {
  double sum = 0.0;
  for (int i = 0; i < m->layers; i++)
    sum += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  return sum;
}

/* One multiply-add at a time, networks of so many take minutes; the languages have every kernel. */
static bool too_long(const net *n, const char *isa) {
  return strcmp(isa, "scalar") == 0 && macs_of(n->model) > 5e7;
}

/* The images from number `first` on. */
static void check_isas(const net *n, const char *what, double pruned, int first, int count) {
  const esp_shape s = n->model->input;
  const size_t bytes = (size_t)(count * CLASSES) * sizeof(float);
  float *x = random_images(s, count, (esp_key)(7 + first));
  float expected[TOGETHER * CLASSES], found[TOGETHER * CLASSES];
  const char *isa;
  run_graph(n, count, x, expected);
  for (size_t i = 0; (isa = esp__isa_at(i)); i++) {
    if (too_long(n, isa)) continue;
    const int some = strcmp(isa, "scalar") == 0 ? 1 : count;
    setenv("ESPALIER_ISA", isa, 1);
    run_predictor(chosen(n), 1, some, x, found);
    ck_assert_msg(memcmp(expected, found, (size_t)(some * CLASSES) * sizeof(float)) == 0,
                  "%s, %g pruned, %s: logit %.9g, expected %.9g", what, pruned, isa,
                  (double)found[0], (double)expected[0]);
    if (pruned > 0.0) {
      run_predictor(listed(n), 1, 1, x, found);
      ck_assert_msg(memcmp(expected, found, CLASSES * sizeof(float)) == 0,
                    "%s, %g pruned, %s, all lists: logit %.9g, expected %.9g", what, pruned, isa,
                    (double)found[0], (double)expected[0]);
    }
    unsetenv("ESPALIER_ISA");
  }
  for (int threads = 2; threads <= 3; threads++) {
    run_predictor(threads == 2 ? chosen(n) : listed(n), threads, count, x, found);
    ck_assert_msg(memcmp(expected, found, bytes) == 0, "%s, %g pruned, %d threads", what, pruned,
                  threads);
  }
  free(x);
}

static void check(const char *arch, const char *layers, esp_shape input) {
  static const double shares[] = {0.0, 0.9};
  for (int i = 0; i < 2; i++) {
    net n = make(arch, layers, input, shares[i]);
    const int all = input.vocabulary && images < TEXTS ? TEXTS : images;
    for (int first = 0; first < all; first += TOGETHER)
      check_isas(&n, layers[0] ? layers : arch, shares[i], first,
                 all - first < TOGETHER ? all - first : TOGETHER);
    free_net(&n);
  }
}

/* Layers whose shapes meet edges: strides, windows, channels that fill no block, planes of few
 * pixels, groups, everything that is no convolution. */
static const char *const languages[] = {
    "conv 20 3x3\nbn\nrelu\nconv 33 3x3 stride 2\nbn\nconv 24 1x1 stride 2 nobias\nrelu\n"
    "global_avgpool\nflatten\nlinear 10",
    "conv 6 5x5 pad 0\nrelu\nmaxpool 2\nconv 16 5x5 pad 0\nsigmoid\navgpool 3 stride 2 pad 1\n"
    "flatten\nlinear 36\ntanh\ndropout 0.5\nreshape 6\nconv 12 1x1 nobias\n"
    "reshape 18 transpose 4\nconv 5 1x3\nreshape 20 transpose 5\nlinear 10 nobias",
    "conv 32 3x3 stride 3\nleaky_relu\nconv 32 3x3 groups 4\nbn\nrelu\ndepthwise 5x5\nbn\n"
    "depthwise 3x3 stride 2\nrelu\nconv 64 1x1 groups 2\ngelu\nmaxpool 3 stride 2 pad 1\n"
    "conv 48 3x3 stride 2 pad 0 groups 4\nglobal_avgpool\nflatten\nlinear 10",
    "conv 24 10x4 stride 2x1 pad 5x2\nbn\nrelu\nconcat\nconv 9 1x1\nrelu\nbranch\nconv 8 3x3\n"
    "branch\nend\n"
    "residual\nconv 41 3x3\nbn\nend\nrelu\nresidual\nbn\nrelu\nconv 41 3x3\nshortcut\nend\n"
    "residual\nconv 50 3x3 stride 2\nbn\nshortcut\nsubsample 50 stride 2\nend\nrelu\n"
    "global_avgpool\nflatten\nlinear 10",
    "conv 24 3x3\nbn\nrelu\nconv 32 3x3\nbn\nrelu\ngate 0.5\nconv 16 3x3 stride 2\nbn\n"
    "fatrelu 0.1\nconv 16 3x3\nbn\nshare_relu 0.5\nmaxpool 2\nflatten\nlinear 10",
    "conv 17 3x3 stride 4\nrelu\nconv 40 3x3\nrelu\nmaxpool 2\nconv 64 3x3\nbn\nrelu\nmaxpool 2\n"
    "conv 64 3x3\nbn\nrelu\nmaxpool 2 pad 1\nconv 32 3x3\nconv 32 3x3 groups 2\n"
    "conv 24 1x1 pad 1\nflatten\nlinear 10",
};

START_TEST(language) {
  static const esp_shape shapes[] = {{3, 32, 32}, {1, 28, 28}, {2, 37, 30}};
  check("custom", languages[_i / 3], shapes[_i % 3]);
}
END_TEST

/* Sequences: units and heads that fill no block, both directions, windows before and behind, what
 * looks behind the end of a text and what does not, and parts of other lengths. */
static const char *const sequences[] = {
    "embedding 20\nlstm 24 both\nlayernorm\nconv 40 1x1\nrelu\ntoken_last\nlinear 10",
    "embedding 16\ngru 7 both\nconv 12 1x3\nrelu\ngru 33\ntoken_mean\nlinear 10",
    "embedding 33\npositions\nrepeat 2\nresidual\nlayernorm\nconv 99 1x1\nattention 3 causal\n"
    "conv 33 1x1\nend\nresidual\nlayernorm\nconv 64 1x1\ngelu\nconv 33 1x1\nend\nend\n"
    "layernorm\ntoken_mean\nlinear 10",
    "embedding 48\nlayernorm\nconv 96 1x1\nattention 2\nconcat\nconv 16 1x4 stride 1x2\nrelu\n"
    "token_max\nbranch\nproduct\nconv 9 1x1\nsigmoid\nbranch\nconv 9 1x1\ntanh\nend\nlstm 17\n"
    "token_last\nend\nlinear 10",
    "embedding 30\nattention 5\nconv 48 1x3 stride 2\nbn\nrelu\nattention 4\nlayernorm\n"
    "global_avgpool\nflatten\nlinear 10",
    "embedding 8\nproduct\nconv 8 1x1\nbranch\nconv 8 1x3 pad 0x1\nsigmoid\nbranch\nend\n"
    "gru 16\ntoken_max\nlinear 10",
    "embedding 8\nproduct\nconv 8 1x5 pad 0\nconv 8 1x1 pad 0x2\nbranch\nconv 8 1x1\nsigmoid\nend\n"
    "token_mean\nlinear 10",
};

/* Texts that fill a vector, or not; of one word. */
START_TEST(texts) {
  static const esp_shape shapes[] = {{1, 1, 20, 60}, {1, 1, 37, 300}, {1, 1, 64, 9}};
  check("custom", sequences[_i / 3], shapes[_i % 3]);
}
END_TEST

/* Pictures whose rows are tokens. */
START_TEST(rows) {
  static const char *const layers[] = {
      "conv 3 3x3\nrelu\nrows\nlstm 20\ntoken_last\nlinear 10",
      "rows\nconv 48 1x1\npositions\nattention 4\nlayernorm\ntoken_max\nlinear 10"};
  check("custom", layers[_i], (esp_shape){2, 17, 12});
}
END_TEST

static bool reads_texts(const char *name) {
  static const char *const known[] = {"textcnn", "lstm-", "gru-", "transformer-"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strncmp(name, known[i], strlen(known[i])) == 0) return true;
  return false;
}

/* Chosen channels: from gate to gate; through pools; whole again for sums and other layers. */
static const char *const gated[] = {
    "conv 16 3x3 stride 2\nbn\nrelu\ngate 0.5\nresidual\nconv 50 3x3\nbn\nrelu\ngate 0.3\n"
    "conv 16 3x3\nbn\ngate 0.5\nend\nrelu\nconv 70 1x1\nrelu\ngate 0.4\nmaxpool 2\n"
    "conv 33 5x5 stride 2\nbn\nrelu\ngate 0.02\nresidual\nconv 33 3x3\ngate 0.7\nend\n"
    "conv 33 3x3\nglobal_avgpool\nflatten\nlinear 10",
    "conv 48 3x3 stride 2\nbn\nrelu\ngate 0.6\nconv 150 3x3\nbn\ngelu\ngate 0.5\nconv 64 3x3\n"
    "relu\n"
    "gate 0.5\nconv 32 3x3 groups 2\nbn\nrelu\ngate 0.5\ndepthwise 3x3\nbn\nrelu\ngate 0.5\n"
    "conv 40 3x3\nrelu\ngate 0.9\nglobal_avgpool\nflatten\nlinear 10",
};

START_TEST(gates) {
  check("custom", gated[_i], (esp_shape){2, 37, 30, 0});
}
END_TEST

START_TEST(built_in) {
  const char *name = esp_arch_name((size_t)_i);
  if (only && strcmp(name, only) != 0) return;
  if (strcmp(name, "custom") == 0) return; /* it stands for a text of one's own */
  const bool grey = strncmp(name, "lenet", 5) == 0 || strncmp(name, "mlp", 3) == 0;
  const esp_shape text = {1, 1, 20, 96}, image = {grey ? 1 : 3, grey ? 28 : 32, grey ? 28 : 32};
  check(name, "", reads_texts(name) ? text : image);
}
END_TEST

static int networks(void) {
  int count = 0;
  while (esp_arch_name((size_t)count)) count++;
  return count;
}

int main(int argc, char **argv) {
  Suite *suite = suite_create("bits of the predictor");
  TCase *t = tcase_create("networks");
  tcase_set_timeout(t, 6000);
  if (argc > 2) images = atoi(argv[2]);
  if (argc > 3) only = argv[3];
  if (argc > 1 && strcmp(argv[1], "built-in") == 0) {
    tcase_add_loop_test(t, built_in, 0, networks());
  } else {
    tcase_add_loop_test(t, gates, 0, (int)(sizeof gated / sizeof *gated));
    tcase_add_loop_test(t, texts, 0, 3 * (int)(sizeof sequences / sizeof *sequences));
    tcase_add_loop_test(t, rows, 0, 2);
    tcase_add_loop_test(t, language, 0, 3 * (int)(sizeof languages / sizeof *languages));
  }
  suite_add_tcase(suite, t);
  return suite_run(suite);
}
