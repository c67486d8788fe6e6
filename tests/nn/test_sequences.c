/* Layers of sequences: names and sizes, what is refused, and that padding means nothing. */
#include "suite.h"

#include <espalier/model.h>
#include <espalier/shrink.h>

#include <stdlib.h>
#include <string.h>

enum { CLASSES = 4, IMAGES = 21, VOCABULARY = 13 };

static esp_status make(const char *arch, const char *layers, esp_shape input, esp_model **m,
                       esp_error *err) {
  const esp_model_options opt = {.arch = (char *)(uintptr_t)arch,
                                 .input = (char *)(uintptr_t) "",
                                 .layers = (char *)(uintptr_t)layers,
                                 .weights = (char *)(uintptr_t) "",
                                 .shortcut = (char *)(uintptr_t) "projection",
                                 .width = 1.0};
  return esp_model_new(m, &opt, input, CLASSES, 3, err);
}

static esp_model *model_of(const char *arch, const char *layers, esp_shape input) {
  esp_error err = {.text = ""};
  esp_model *m;
  ck_assert_msg(make(arch, layers, input, &m, &err) == ESP_OK, "%s", err.text);
  return m;
}

static esp_shape texts(int width) {
  return (esp_shape){1, 1, width, VOCABULARY};
}

/* ---- names and sizes ---- */

static size_t weights(const esp_model *m) {
  size_t sum = 0;
  for (int i = 0; i < m->params.count; i++) sum += m->params.item[i]->count;
  return sum;
}

START_TEST(built_ins_have_their_sizes) {
  static const struct {
    const char *arch;
    esp_shape input;
    size_t weights;
  } known[] = {
      {"lstm-8", {1, 1, 6, 13}, 13 * 8 + 32 * (8 + 8) + 32 + 4 * 8 + 4},
      {"gru-8", {1, 1, 6, 13}, 13 * 8 + 24 * (8 + 8) + 2 * 24 + 4 * 8 + 4},
      {"transformer-3-8-2",
       {1, 1, 6, 13},
       13 * 8 + 6 * 8 + 3 * (4 * 8 * 8 + 4 * 8 + 8 * 8 * 8 + 5 * 8 + 4 * 8) + 16 + 4 * 8 + 4},
      {"textcnn", {1, 1, 6, 13}, 13 * 128 + 100 * 128 * 12 + 300 + 4 * 300 + 4},
      {"lstm-8", {1, 5, 7}, 32 * (7 + 8) + 32 + 4 * 8 + 4}, /* rows of pictures */
      /* Zhang et al. 2017, of 49 frames of 10 numbers; running statistics count here */
      {"ds-cnn", {1, 49, 10}, 64 * 40 + 4 * (9 * 64 + 64 * 64) + 9 * 4 * 64 + 4 * 64 + 4},
      {"kws-dnn", {1, 25, 10}, 250 * 144 + 2 * 144 * 144 + 3 * 144 + 4 * 144 + 4},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    esp_model *m = model_of(known[i].arch, "", known[i].input);
    ck_assert_msg(weights(m) == known[i].weights, "%s: %zu weights, expected %zu", known[i].arch,
                  weights(m), known[i].weights);
    esp_model_free(m);
  }
}
END_TEST

START_TEST(recurrent_layers_are_several) {
  static const char *const names[] = {"embedding1",       "lstm1.ih",         "lstm1.hh",
                                      "lstm1.reverse.ih", "lstm1.reverse.hh", "gru1.ih",
                                      "gru1.hh",          "linear1"};
  esp_model *m =
      model_of("custom", "embedding 5\nlstm 6 both\ngru 3\ntoken_last\nlinear classes\n", texts(7));
  ck_assert_int_eq(m->layers, 8);
  for (int i = 0; i < m->layers; i++) ck_assert_str_eq(m->layer[i].name, names[i]);
  ck_assert_int_eq(m->layer[1].weight->shape[0], 24);
  ck_assert_int_eq(m->layer[5].weight->shape[1], 12); /* both directions of the LSTM */
  ck_assert_int_eq(m->layer[0].weight->positions, 0); /* an embedding multiplies nothing */
  ck_assert_int_eq(m->layer[2].weight->positions, 7);
  ck_assert_ptr_nonnull(esp_params_find(&m->params, "gru1.hh.bias"));
  ck_assert_ptr_null(esp_params_find(&m->params, "lstm1.hh.bias"));
  esp_model_free(m);
}
END_TEST

/* ---- what they cost ---- */

/* Of a text of three tokens, and padding. All four count as multiply-adds; executed is what reads
 * no 0: an LSTM of 4 x 3 sums over 2 channels of three tokens, over 3 units from the second token
 * on; attention's padding asks too, so the layer behind it reads four. */
START_TEST(multiply_adds_are_counted) {
  static const struct {
    const char *layers;
    int all, executed;
  } known[] = {
      {"embedding 2\nlstm 3\ntoken_last\nlinear classes\n", 12 * 2 * 4 + 12 * 3 * 4 + 3 * CLASSES,
       12 * 2 * 3 + 12 * 3 * 2 + 3 * CLASSES},
      {"embedding 6\nconv 18 1x1 nobias\nattention 2\nconv 6 1x1\ntoken_mean\nlinear classes\n",
       18 * 6 * 4 + 6 * 6 * 4 + 6 * CLASSES, 18 * 6 * 3 + 6 * 6 * 4 + 6 * CLASSES},
  };
  static _Alignas(64) float tokens[4 * ESP_LANES];
  const esp_batch one = {tokens, NULL, 1};
  esp_error err;
  for (int t = 0; t < 3; t++) tokens[t * ESP_LANES] = (float)(t + 2);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    esp_graph *g;
    esp_model *m = model_of("custom", known[i].layers, texts(4));
    ck_assert(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err) == ESP_OK);
    ck_assert(esp_graph_count_dynamic_macs(g, true, &err) == ESP_OK);
    esp_graph_forward(g, &one, (esp_pass){0});
    ck_assert_double_eq(esp_graph_macs(g, false), known[i].all);
    ck_assert_int_eq(esp_graph_dynamic_macs(g)[0], known[i].executed);
    esp_graph_free(g);
    esp_model_free(m);
  }
}
END_TEST

/* ---- what is refused ---- */

START_TEST(lines_that_do_not_fit) {
  static const struct {
    esp_shape input;
    const char *layers, *said;
  } wrong[] = {
      {{1, 1, 6}, "embedding 4\n", "layers:1: embedding takes tokens, but gets numbers"},
      {{1, 1, 6, 9}, "embedding 4\nembedding 4\n", "layers:2: embedding takes tokens"},
      {{1, 1, 6, 9}, "lstm 4\n", "layers:1: linear: what it reads are tokens, not numbers"},
      {{1, 1, 6, 9}, "embedding 4\nattention 2\n", "layers:2: attention of 2 heads takes queries"},
      {{2, 3, 4}, "attention 1\n", "layers:1: attention takes a sequence, of height 1, but gets"},
      {{2, 3, 4}, "gru 5\n", "layers:1: gru takes a sequence"},
      {{2, 3, 4}, "token_mean\n", "'rows' before it makes a token of each row"},
      {{2, 3, 4}, "positions\n", "layers:1: positions takes a sequence"},
      {{1, 1, 6, 9}, "embedding 4\nlstm 4 left\n", "layers:2: lstm: unexpected 'left'"},
      {{1, 1, 6, 9}, "embedding 4\nlstm 4 both both\n", "layers:2: lstm: a second 'both'"},
      {{1, 1, 6, 9}, "embedding 4\nattention\n", "layers:2: attention: there is no 'HEADS'"},
      {{3, 1, 6}, "product\nconv 3 1x1\nend\n", "the 'product' of line 1 has one branch"},
      {{3, 1, 6},
       "product\nconv 3 1x1\nbranch\nconv 2 1x1\nend\n",
       "layers:5: the product multiplies 3x1x6 and 2x1x6; expected one shape"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    esp_model *m;
    esp_error err = {.text = ""};
    ck_assert_int_eq(make("custom", wrong[i].layers, wrong[i].input, &m, &err), ESP_ERR_INPUT);
    ck_assert_msg(strstr(err.text, wrong[i].said), "%zu: %s", i, err.text);
  }
}
END_TEST

START_TEST(heads_divide_channels) {
  esp_model *m;
  esp_error err = {.text = ""};
  ck_assert_int_eq(make("transformer-2-10-4", "", texts(5), &m, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "4 heads do not divide 10 channels"));
  ck_assert_int_eq(make("transformer-2-10", "", texts(5), &m, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "unknown architecture 'transformer-2-10'"));
}
END_TEST

/* ---- padding ---- */

/* Texts of 1 to 5 tokens, in planes of `width`. */
static float *draw(int width) {
  float *x = calloc((size_t)esp_blocks_for(IMAGES) * (size_t)width * ESP_LANES, sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (int i = 0; i < IMAGES; i++)
    for (int t = 0; t <= i % 5; t++)
      x[((size_t)(i / ESP_LANES * width + t)) * ESP_LANES + (size_t)(i % ESP_LANES)] =
          (float)(1 + esp_random_below((esp_key)i, (uint64_t)t, VOCABULARY - 1));
  return x;
}

static void logits_of(esp_model *m, float logit[IMAGES][CLASSES]) {
  const esp_loss_attr loss = {ESP_LOSS_CROSS_ENTROPY, 0.0f};
  float *x = draw(m->input.width);
  const esp_batch batch = {.images = x, .count = IMAGES};
  esp_graph *g;
  esp_error err;
  ck_assert(esp_model_graph(m, IMAGES, false, loss, &g, &err) == ESP_OK);
  esp_graph_forward(g, &batch, (esp_pass){0});
  for (int i = 0; i < IMAGES; i++)
    for (int c = 0; c < CLASSES; c++) logit[i][c] = esp_value_at(esp_graph_output(g), i, c, 0, 0);
  esp_graph_free(g);
  free(x);
}

/* Longer planes have more padding behind each text: not a bit of the logits changes. */
START_TEST(padding_means_nothing) {
  static const char *const nets[] = {
      "embedding 6\nlstm 7 both\ntoken_mean\nlinear classes\n",
      "embedding 6\ngru 7 both\ngru 5\ntoken_last\nlinear classes\n",
      "embedding 6\nconv 18 1x1\nattention 3\nconv 6 1x1\ntoken_mean\nlinear classes\n",
      "embedding 6\nlayernorm\nconv 18 1x1\nattention 2 causal\ntoken_max\nlinear classes\n",
      "embedding 6\nconv 5 1x3\nrelu\ntoken_max\nlinear classes\n",
      "embedding 6\nproduct\nconv 5 1x2 pad 0x1 stride 2\nbranch\nconv 5 1x2 pad 0x1 stride 2\n"
      "sigmoid\nend\ntoken_mean\nlinear classes\n"};
  float narrow[IMAGES][CLASSES], wide[IMAGES][CLASSES];
  esp_model *m = model_of("custom", nets[_i], texts(5)),
            *w = model_of("custom", nets[_i], texts(9));
  logits_of(m, narrow);
  logits_of(w, wide);
  ck_assert(memcmp(narrow, wide, sizeof narrow) == 0);
  ck_assert(memcmp(narrow[0], narrow[1], sizeof narrow[0]) != 0);
  esp_model_free(m);
  esp_model_free(w);
}
END_TEST

/* ---- smaller networks ---- */

/* Hidden units of a transformer block whose weights are 0 go; so does a block that adds 0. */
START_TEST(shrinks) {
  esp_model *m = model_of("transformer-2-6-2", "", texts(5)), *small;
  float before[IMAGES][CLASSES], after[IMAGES][CLASSES];
  esp_error err = {.text = ""};
  esp_param *first = esp_params_find(&m->params, "1.conv1.weight"),
            *last = esp_params_find(&m->params, "2.conv2.weight");
  ck_assert(first && last);
  memset(first->value, 0, 10 * 6 * sizeof *first->value);
  memset(last->value, 0, last->count * sizeof *last->value);
  logits_of(m, before);
  ck_assert_msg(esp_shrink(m, 1, &small, &err) == ESP_OK, "%s", err.text);
  logits_of(small, after);
  ck_assert_int_eq(esp_params_find(&small->params, "1.conv1.weight")->shape[0], 14);
  ck_assert_ptr_null(esp_params_find(&small->params, "2.conv2.weight"));
  ck_assert_ptr_nonnull(esp_params_find(&small->params, "3.conv2.weight"));
  ck_assert(memcmp(before, after, sizeof before) == 0);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

/* A network with lines of several layers is written anew as it is. */
START_TEST(stays_as_it_is_where_nothing_is_0) {
  esp_model *m = model_of(
      "custom", "embedding 5\nlstm 6 both\nconv 7 1x1\nrelu\ngru 3\ntoken_last\nlinear classes\n",
      texts(5));
  esp_model *small;
  float before[IMAGES][CLASSES], after[IMAGES][CLASSES];
  esp_error err = {.text = ""};
  esp_param *w = esp_params_find(&m->params, "conv1.weight");
  memset(w->value, 0, 2 * 12 * sizeof *w->value);
  logits_of(m, before);
  ck_assert_msg(esp_shrink(m, 1, &small, &err) == ESP_OK, "%s", err.text);
  logits_of(small, after);
  ck_assert_int_eq(esp_params_find(&small->params, "conv1.weight")->shape[0], 5);
  ck_assert_int_eq(esp_params_find(&small->params, "lstm1.hh.weight")->shape[0], 24);
  ck_assert(memcmp(before, after, sizeof before) == 0);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sequences");
  TCase *all = tcase_create("layers");
  tcase_add_test(all, built_ins_have_their_sizes);
  tcase_add_test(all, recurrent_layers_are_several);
  tcase_add_test(all, multiply_adds_are_counted);
  tcase_add_test(all, lines_that_do_not_fit);
  tcase_add_test(all, heads_divide_channels);
  tcase_add_loop_test(all, padding_means_nothing, 0, 6);
  tcase_add_test(all, shrinks);
  tcase_add_test(all, stays_as_it_is_where_nothing_is_0);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
