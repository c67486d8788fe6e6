/* A network and what shrinking leaves of it compute the same, to the bit, in use and in
 * training. */
#include "plant.h"
#include "suite.h"

#include <espalier/optim.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};
enum { IMAGES = 20, BLOCKS = 2, CLASSES = 5 };
static const esp_shape input = {3, 8, 8}, text = {1, 1, 6, 9};

/* ---- comparing ---- */

/* IMAGES images of noise, in the lane layout; of texts, tokens. */
static float *noise(esp_shape shape, esp_key key) {
  const size_t count = (size_t)(shape.channels * shape.height * shape.width) * BLOCKS * ESP_LANES;
  float *images = aligned_alloc(64, count * sizeof *images);
  ck_assert_ptr_nonnull(images);
  for (size_t i = 0; i < count; i++)
    images[i] = i % ESP_LANES + i / (count / BLOCKS) * ESP_LANES < IMAGES
                    ? (float)esp_random_normal(key, i)
                    : 0;
  for (size_t i = 0; shape.vocabulary && i < count; i++) images[i] = floorf(3 * fabsf(images[i]));
  return images;
}

static void logits_of(esp_model *m, const float *images, float logits[IMAGES][CLASSES]) {
  esp_graph *g;
  const esp_batch batch = {images, NULL, IMAGES};
  ck_assert_msg(esp_model_graph(m, IMAGES, false, (esp_loss_attr){0}, &g, &err) == ESP_OK, "%s",
                err.text);
  esp_graph_forward(g, &batch, (esp_pass){0});
  for (int i = 0; i < IMAGES; i++)
    for (int c = 0; c < CLASSES; c++) logits[i][c] = esp_value_at(esp_graph_output(g), i, c, 0, 0);
  esp_graph_free(g);
}

static void same_logits(esp_model *a, esp_model *b, const char *what) {
  float x[IMAGES][CLASSES], y[IMAGES][CLASSES], *images = noise(a->input, 77);
  logits_of(a, images, x);
  logits_of(b, images, y);
  ck_assert_msg(memcmp(x, y, sizeof x) == 0, "%s\nshrunk to\n%s\nlogits %.9g and %.9g", what,
                b->text, (double)x[0][0], (double)y[0][0]);
  float sum = 0;
  for (int c = 0; c < CLASSES; c++) sum += x[0][c] * x[0][c];
  ck_assert_msg(sum > 0 && sum < 1e30f, "%s: logits that say nothing", what);
  free(images);
}

static esp_model *shrunk(const esp_model *m, int multiple) {
  esp_model *small;
  const esp_status status = esp_shrink(m, multiple, &small, &err);
  ck_assert_msg(status == ESP_OK, "%s\n%s", m->text, err.text);
  return small;
}

static size_t size_of(const esp_model *m) {
  size_t count = 0;
  for (int k = 0; k < m->params.count; k++) count += m->params.item[k]->count;
  return count;
}

static void same_model(const esp_model *a, const esp_model *b) {
  char x[65], y[65];
  ck_assert_str_eq(a->text, b->text);
  esp_params_sha256(&a->params, x);
  esp_params_sha256(&b->params, y);
  ck_assert_str_eq(x, y);
}

/* Nothing is at its initial value, so that a mistake with any of them shows. */
static void stir(const plant *p, esp_key key) {
  for (int k = 0; k < p->model->params.count; k++) {
    esp_param *w = p->model->params.item[k];
    const bool variance = strcmp(w->name + strlen(w->name) - 4, ".var") == 0;
    for (size_t i = 0; i < w->count && !esp_param_prunable(w); i++) {
      const float x = (float)esp_random_normal(esp_key_of(key, (uint64_t)k), i);
      w->value[i] = variance ? 0.5f + x * x : x;
    }
  }
}

static void open_net(plant *p, const char *layers, const char *prune, uint64_t seed) {
  char ini[5000];
  snprintf(ini, sizeof ini,
           "[run]\nseed = %d\n[model]\nconvolution = direct\narch = custom\nlayers =\n%s\n[prune]\n"
           "method = random\n%s",
           (int)seed, layers, prune);
  plant_open(p, input, CLASSES, ini);
  stir(p, seed);
}

static void prune(plant *p, double sparsity) {
  int floored;
  ck_assert_msg(esp_pruner_prune(p->pruner, sparsity, &floored, &err) == ESP_OK, "%s", err.text);
}

/* ---- networks at random ---- */

/* Text that grows, and the choices of one network. */
typedef struct sketch {
  char text[4096];
  size_t length;
  esp_key key;
  uint64_t drawn;
  int channels, side;
} sketch;

static int draw(sketch *s, int below) {
  return (int)esp_random_below(s->key, s->drawn++, (uint32_t)below);
}

ESP_PRINTF(2, 3) static void line(sketch *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  s->length += (size_t)vsnprintf(s->text + s->length, sizeof s->text - s->length, format, args);
  va_end(args);
  ck_assert_uint_lt(s->length, sizeof s->text);
}

static void activation(sketch *s) {
  static const char *const kinds[] = {"relu", "relu6", "leaky_relu", "tanh", "sigmoid", "gelu"};
  if (draw(s, 3)) line(s, " %s\n", kinds[draw(s, 6)]);
}

static void convolution(sketch *s, int channels) {
  const int kernel = draw(s, 2) ? 3 : 1;
  line(s, " conv %d %dx%d\n", channels, kernel, kernel);
  if (draw(s, 3)) line(s, " bn\n");
  s->channels = channels;
}

static void residual(sketch *s) {
  const int in = s->channels, inner = 2 + draw(s, 6), kind = draw(s, 3),
            out = kind ? in + draw(s, 3) : in;
  line(s, " residual\n");
  if (draw(s, 2)) line(s, " bn\n relu\n");
  convolution(s, inner);
  activation(s);
  if (draw(s, 2)) line(s, " depthwise 3x3\n bn\n");
  convolution(s, out);
  if (kind == 1) line(s, " shortcut\n subsample %d\n", out);
  if (kind == 2) line(s, " shortcut\n conv %d 1x1\n bn\n", out);
  line(s, " end\n");
}

static void concat(sketch *s) {
  const int in = s->channels, first = 2 + draw(s, 4), second = 2 + draw(s, 4), empty = draw(s, 2);
  line(s, " concat\n");
  convolution(s, first);
  line(s, " branch\n");
  if (!empty) convolution(s, second);
  line(s, " end\n");
  s->channels = first + (empty ? in : second);
}

static void piece(sketch *s) {
  switch (draw(s, 6)) {
    case 0:
      residual(s);
      break;
    case 1:
      concat(s);
      break;
    case 2:
      line(s, " depthwise 3x3 bias\n");
      break;
    case 3:
      line(s, " conv %d 3x3 groups %d\n", s->channels, s->channels % 2 ? s->channels : 2);
      break;
    case 4:
      if (s->side > 2) line(s, " %s 2\n", draw(s, 2) ? "maxpool" : "avgpool");
      s->side = s->side > 2 ? s->side / 2 : s->side;
      break;
    default:
      convolution(s, 2 + draw(s, 6));
  }
  activation(s);
}

static void sketch_net(sketch *s, esp_key key) {
  *s = (sketch){.key = key, .channels = input.channels, .side = input.height};
  convolution(s, 4 + draw(s, 4));
  for (int n = 2 + draw(s, 5); n > 0; n--) piece(s);
  if (draw(s, 2)) line(s, " global_avgpool\n");
  line(s, " flatten\n");
  if (draw(s, 2)) line(s, " linear 7\n relu\n");
  line(s, " linear classes\n");
}

/* ---- properties ---- */

static const char *const structures[] = {"channel", "filter", "weight", "block", "neuron", "layer"};
static const double sparsities[] = {0.5, 0.5, 0.97, 0.9, 0.5, 0.7};
enum { STRUCTURES = sizeof structures / sizeof *structures, NETS = 60 };

/* Not every network has something for every structure: those are passed over, and the rest
 * counted. */
static bool can_prune(const char *layers, const char *structure) {
  plant p;
  char ini[128];
  esp_config config;
  esp_pruner *pruner = NULL;
  snprintf(ini, sizeof ini, "[prune]\nmethod = random\nstructure = %s\n", structure);
  char net[5000];
  snprintf(net, sizeof net, "[model]\narch = custom\nlayers =\n%s", layers);
  plant_open(&p, input, CLASSES, net);
  ck_assert(esp_config_parse(&config, "x", ini, 0, NULL, &err) == ESP_OK);
  const bool can = esp_pruner_new(&pruner, &config.prune, p.model, 1, &err) == ESP_OK;
  esp_pruner_free(pruner);
  esp_config_free(&config);
  plant_close(&p);
  return can;
}

START_TEST(random_networks_compute_the_same) {
  int tried = 0, smaller = 0;
  for (uint64_t n = 0; n < NETS; n++) {
    sketch s;
    plant p;
    char ini[128];
    sketch_net(&s, esp_key_of(4711, n));
    if (!can_prune(s.text, structures[_i])) continue;
    snprintf(ini, sizeof ini, "structure = %s\nallow_empty = %d\n", structures[_i], (int)(n % 2));
    open_net(&p, s.text, ini, n);
    prune(&p, sparsities[_i]);
    for (int multiple = 1; multiple <= 4; multiple += 3) {
      esp_model *small = shrunk(p.model, multiple);
      same_logits(p.model, small, s.text);
      tried++;
      smaller += size_of(small) < size_of(p.model);
      esp_model_free(small);
    }
    plant_close(&p);
  }
  ck_assert_msg(tried >= 20 && smaller > tried / 4, "%d of %d became smaller", smaller, tried);
}
END_TEST

START_TEST(an_unpruned_network_stays_as_it_is) {
  for (uint64_t n = 0; n < NETS; n++) {
    sketch s;
    plant p;
    sketch_net(&s, esp_key_of(1174, n));
    open_net(&p, s.text, "", n);
    esp_model *small = shrunk(p.model, 1 + (int)n % 3);
    same_model(p.model, small);
    esp_model_free(small);
    plant_close(&p);
  }
}
END_TEST

/* A network, what it reads, and the structure that it loses. */
typedef struct subject {
  const char *model, *structure;
  const esp_shape *input;
} subject;

static void open_subject(plant *p, const subject *s, const char *more) {
  char ini[700];
  snprintf(ini, sizeof ini, "[model]\n%s%s[prune]\nmethod = magnitude\nstructure = %s\n", s->model,
           more, s->structure);
  plant_open(p, *s->input, CLASSES, ini);
}

#define LAYERS "arch = custom\nlayers =\n "
static const char recurrent[] = LAYERS "embedding 5\n lstm 6 both\n gru 7\n token_max\n linear 5\n";

static const char transformer[] = "arch = transformer-2-12-3\n";

/* Whole channels: nothing is left but what the masks keep, so counts agree and a second time
 * changes nothing. */
START_TEST(all_that_is_pruned_goes) {
  static const subject subjects[] = {
      {"arch = resnet20\nshortcut = identity\n", "channel", &input},
      {"arch = resnet20\n", "channel", &input},
      {"arch = vgg11\n", "channel", &input},
      {LAYERS "conv 8 3x3\n bn\n depthwise 3x3\n bn\n relu\n concat\n conv 6 3x3\n branch\n end\n"
              " flatten\n linear classes\n",
       "channel", &input},
      {recurrent, "neuron", &text},
      {recurrent, "dimension", &text},
      {transformer, "head", &text},
      {transformer, "dimension", &text},
      {transformer, "channel", &text},
  };
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
    plant p;
    size_t kept = 0, left = 0;
    open_subject(&p, &subjects[i], "convolution = direct\n");
    stir(&p, 3);
    prune(&p, 0.4);
    esp_model *small = shrunk(p.model, 1), *again = shrunk(small, 1);
    for (int k = 0; k < p.model->params.count; k++)
      if (esp_param_trains(p.model->params.item[k]))
        kept += esp_param_kept(p.model->params.item[k]);
    for (int k = 0; k < small->params.count; k++)
      if (esp_param_trains(small->params.item[k])) left += small->params.item[k]->count;
    ck_assert_msg(kept == left, "%s: %zu kept, %zu left", subjects[i].model, kept, left);
    same_logits(p.model, small, subjects[i].model);
    same_model(small, again);
    esp_model_free(small);
    esp_model_free(again);
    plant_close(&p);
  }
}
END_TEST

START_TEST(channels_are_rounded_up) {
  plant p;
  plant_open(&p, input, CLASSES,
             "[model]\nconvolution = direct\narch = resnet14\n[prune]\nmethod = random\n"
             "structure = channel\n");
  prune(&p, 0.45);
  esp_model *small = shrunk(p.model, 8);
  for (int i = 0; i + 1 < small->layers; i++)
    ck_assert_int_eq(small->layer[i].weight->shape[0] % 8, 0);
  ck_assert_uint_lt(size_of(small), size_of(p.model));
  same_logits(p.model, small, "resnet14");
  esp_model_free(small);
  plant_close(&p);
}
END_TEST

/* What remains keeps its name, although the blocks before it are gone, and its bias, although a
 * batch norm now follows directly. */
START_TEST(blocks_are_left_out) {
  plant p;
  open_net(&p,
           " conv 4 3x3\n residual\n conv 4 3x3\n bn\n end\n bn\n relu\n group\n residual\n"
           " conv 4 3x3\n end\n relu\n residual\n conv 4 3x3\n bn\n end\n end\n flatten\n"
           " linear classes",
           "", 5);
  static const char *const zero[] = {"0.bn1.scale", "0.bn1.shift", "1.0.conv1.weight",
                                     "1.0.conv1.bias"};
  for (size_t i = 0; i < 4; i++)
    memset(plant_param(&p, zero[i])->value, 0, plant_param(&p, zero[i])->count * sizeof(float));
  esp_model *small = shrunk(p.model, 1);
  ck_assert_str_eq(
      small->text,
      "conv 4 3x3 bias\nbn\nrelu\ngroup 1\n  residual 1\n    conv 4 3x3 nobias\n    bn\n  end\n"
      "end\n"
      "flatten\nlinear classes bias\n");
  same_logits(p.model, small, p.model->text);
  esp_model_free(small);
  plant_close(&p);
}
END_TEST

/* One whose branch would be empty without it stays. */
START_TEST(a_branch_is_never_empty) {
  plant p;
  open_net(&p,
           " conv 4 3x3\n residual\n residual\n conv 4 1x1 nobias\n end\n end\n flatten\n"
           " linear classes",
           "", 5);
  esp_param *w = plant_param(&p, "0.0.conv1.weight");
  memset(w->value, 0, w->count * sizeof(float));
  esp_model *small = shrunk(p.model, 1);
  ck_assert_str_eq(small->text, p.model->text);
  same_logits(p.model, small, p.model->text);
  esp_model_free(small);
  plant_close(&p);
}
END_TEST

/* A channel that is 0 behind batch norm is 1/2 behind a sigmoid: it must stay. One that is not read
 * may go, whatever it is. */
START_TEST(only_zeros_and_the_unread_go) {
  plant p;
  open_net(&p, " conv 3 1x1\n bn\n sigmoid\n conv 2 1x1\n tanh\n global_avgpool\n linear classes",
           "", 5);
  float *scale = plant_param(&p, "bn1.scale")->value, *shift = plant_param(&p, "bn1.shift")->value;
  float *reads = plant_param(&p, "conv2.weight")->value;
  scale[0] = shift[0] = 0.0f;
  reads[1] = reads[4] = 0.0f;
  esp_model *small = shrunk(p.model, 1);
  ck_assert_int_eq(small->layer[0].weight->shape[0], 2);
  ck_assert(small->layer[0].weight->value[0] == plant_param(&p, "conv1.weight")->value[0]);
  same_logits(p.model, small, p.model->text);
  esp_model_free(small);
  plant_close(&p);
}
END_TEST

/* A reshape knows how many values it gets: what it reads and makes stays, zeros too. */
START_TEST(what_a_reshape_meets_stays) {
  plant p;
  open_net(&p,
           " flatten\n linear 12\n reshape 3\n conv 4 1x1\n reshape 8 transpose 2\n conv 2 1x1\n"
           " flatten\n linear 9\n linear classes",
           "", 5);
  memset(plant_param(&p, "linear1.weight")->value, 0, 192 * sizeof(float));
  memset(plant_param(&p, "conv1.weight")->value, 0, 3 * sizeof(float));
  memset(plant_param(&p, "linear2.weight")->value, 0, 4 * sizeof(float));
  plant_param(&p, "linear1.bias")->value[0] = plant_param(&p, "conv1.bias")->value[0] =
      plant_param(&p, "linear2.bias")->value[0] = 0.0f;
  esp_model *small = shrunk(p.model, 1);
  static const int widths[] = {12, 4, 2, 8, 5};
  for (int i = 0; i < 5; i++) ck_assert_int_eq(small->layer[i].weight->shape[0], widths[i]);
  same_logits(p.model, small, p.model->text);
  esp_model_free(small);
  plant_close(&p);
}
END_TEST

/* ---- training ---- */

static void train(esp_model *m, const esp_train_options *opt, const float *images) {
  int32_t labels[IMAGES];
  esp_graph *g;
  const esp_batch batch = {images, labels, IMAGES};
  for (int i = 0; i < IMAGES; i++) labels[i] = i % CLASSES;
  ck_assert_msg(esp_model_graph(m, IMAGES, true, (esp_loss_attr){0}, &g, &err) == ESP_OK, "%s",
                err.text);
  for (int step = 0; step < 4; step++) {
    esp_graph_forward(g, &batch, (esp_pass){.training = true});
    esp_graph_backward(g);
    esp_optimiser_step(&m->params, opt, 0.02);
  }
  esp_graph_free(g);
}

/* Shrunk and trained is trained and shrunk: behind its masks a network is the smaller one
 * already. */
START_TEST(training_and_shrinking_can_change_places) {
  static const subject subjects[] = {
      {"arch = resnet8\nshortcut = identity\n", "channel", &input},
      {"arch = resnet8\n", "channel", &input},
      {LAYERS "conv 8 3x3\n bn\n relu\n depthwise 3x3\n bn\n gelu\n concat\n conv 6 3x3\n branch\n"
              " end\n flatten\n linear 9\n relu\n linear classes\n",
       "channel", &input},
      {recurrent, "neuron", &text},
      {recurrent, "dimension", &text},
      {transformer, "head", &text},
      {transformer, "dimension", &text},
      {transformer, "channel", &text},
  };
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
    plant p;
    float *images = noise(*subjects[i].input, 5);
    open_subject(&p, &subjects[i], "[train]\nmomentum = 0.9\nweight_decay = 0.01\n");
    prune(&p, 0.4);
    esp_model *small = shrunk(p.model, 1);
    train(p.model, &p.config.train, images);
    train(small, &p.config.train, images);
    esp_model *other = shrunk(p.model, 1);
    same_model(small, other);
    free(images);
    esp_model_free(small);
    esp_model_free(other);
    plant_close(&p);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("shrink");
  TCase *t = tcase_create("shrink");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, random_networks_compute_the_same, 0, STRUCTURES);
  tcase_add_test(t, an_unpruned_network_stays_as_it_is);
  tcase_add_test(t, all_that_is_pruned_goes);
  tcase_add_test(t, channels_are_rounded_up);
  tcase_add_test(t, blocks_are_left_out);
  tcase_add_test(t, a_branch_is_never_empty);
  tcase_add_test(t, only_zeros_and_the_unread_go);
  tcase_add_test(t, what_a_reshape_meets_stays);
  tcase_add_test(t, training_and_shrinking_can_change_places);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
