/* The structures of pruning, each against cases worked by hand: which weights go together, and what
 * scores them. */
#include "plant.h"
#include "nn/channel_groups.h"
#include "prune/pruner.h"
#include "suite.h"

#include <string.h>

static esp_error err = {.text = ""};

/* A network of `layers`, pruned by magnitude with more keys in `prune`. */
static void open_net(plant *p, esp_shape input, int classes, const char *layers,
                     const char *prune) {
  char ini[2048];
  snprintf(ini, sizeof ini, "[model]\narch = custom\nlayers =\n%s\n[prune]\nmethod = magnitude\n%s",
           layers, prune);
  plant_open(p, input, classes, ini);
}

static void prune(plant *p, double sparsity) {
  int floored;
  const esp_status status = esp_pruner_prune(p->pruner, sparsity, &floored, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  plant_check(p, "pruned");
  ck_assert(esp_pruner_holds(p->pruner));
}

static void counted(const plant *p, size_t pruned, size_t units) {
  const esp_pruned c = esp_pruner_count(p->pruner);
  ck_assert_uint_eq(c.pruned, pruned);
  ck_assert_uint_eq(c.units, units);
}

/* ---- n:m ---- */

/* Groups along the inputs, at each place of the kernel: with 4 inputs and a kernel of 1x2 a group
 * is weights 0, 2, 4, 6 or 1, 3, 5, 7. Here 2x2 kernels, one output: place k of input i is weight 4
 * i + k. */
START_TEST(two_of_four_at_each_place) {
  plant p;
  open_net(&p, (esp_shape){4, 2, 2}, 1, " conv 1 2x2 pad 0 nobias",
           "structure = n:m\nsparsity = 0.5\n");
  PLANT_SET(&p, "conv1.weight", 1, 5, -9, 1, /**/ 2, 6, -8, 1, /**/ -3, 7, 1, 1, /**/ 4, -8, 2, 1);
  prune(&p, 0.5);
  /* place 0: 3 and 4 stay; 1: 7 and 8; 2: 9 and 8; 3: of equal ones the first two */
  plant_mask_is(&p, "conv1.weight", "0011001111001100");
  counted(&p, 8, 16);
  plant_close(&p);
}
END_TEST

/* Half-way (0.25 of 0.5) 3 of 4 stay; what is gone does not come back, whatever it would score. */
START_TEST(n_of_m_step_by_step) {
  plant p;
  open_net(&p, (esp_shape){8, 1, 1}, 1, " linear 1 nobias",
           "structure = n:m\nn = 2\nm = 4\nsparsity = 0.5\nrounds = 2\n");
  PLANT_SET(&p, "linear1.weight", 1, 2, 3, 4, -8, -7, -6, -5);
  prune(&p, 0.25);
  plant_mask_is(&p, "linear1.weight", "01111110");
  PLANT_SET(&p, "linear1.weight", 9, 2, 3, 4, -8, -7, -6, -9);
  esp_pruner_apply(p.pruner);
  prune(&p, 0.5);
  plant_mask_is(&p, "linear1.weight", "00111100");
  prune(&p, 0.25);
  plant_mask_is(&p, "linear1.weight", "00111100");
  plant_close(&p);
}
END_TEST

/* A layer whose inputs are no multiple of m stays dense and is not counted. */
START_TEST(n_of_m_needs_whole_groups) {
  plant p;
  open_net(&p, (esp_shape){3, 1, 1}, 2, " linear 8 nobias\n linear classes nobias",
           "structure = n:m\nn = 1\nm = 4\nsparsity = 0.75\n");
  ck_assert_ptr_null(plant_param(&p, "linear1.weight")->mask);
  prune(&p, 0.75);
  counted(&p, 12, 16);
  plant_close(&p);
}
END_TEST

/* ---- blocks ---- */

/* 3x3 weights in blocks of 2x2: means of |w| 3.5 (four weights), 1.5, 9.5 (edges of two) and 0.5 (a
 * corner). */
START_TEST(blocks_with_ragged_edges) {
  plant p;
  open_net(&p, (esp_shape){3, 1, 1}, 3, " linear 3 nobias",
           "structure = block\nblock_outputs = 2\nblock_inputs = 2\n");
  PLANT_SET(&p, "linear1.weight", 2, 3, 1, /**/ 4, -5, -2, /**/ 9, -10, 0.5f);
  prune(&p, 0.5);
  plant_mask_is(&p, "linear1.weight", "110110110");
  counted(&p, 2, 4);
  prune(&p, 0.75);
  plant_mask_is(&p, "linear1.weight", "000000110");
  plant_close(&p);
}
END_TEST

/* Each place of a kernel has its own blocks: 2 outputs x 2 inputs at 4 places are 4 blocks of 4
 * weights. */
START_TEST(blocks_at_each_place_of_a_kernel) {
  plant p;
  open_net(&p, (esp_shape){2, 2, 2}, 2, " conv 2 2x2 pad 0 nobias",
           "structure = block\nblock_outputs = 2\nblock_inputs = 2\n");
  PLANT_SET(&p, "conv1.weight", 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4);
  prune(&p, 0.5);
  plant_mask_is(&p, "conv1.weight", "0011001100110011");
  counted(&p, 2, 4);
  plant_close(&p);
}
END_TEST

/* ---- neurons ---- */

/* Rows of linear1 score 2, 1, 3: the second neuron goes, with its bias and its column of linear2.
 * The classes stay. */
START_TEST(neurons_go_with_their_column) {
  plant p;
  open_net(&p, (esp_shape){2, 1, 1}, 2, " linear 3\n relu\n linear classes",
           "structure = neuron\n");
  PLANT_SET(&p, "linear1.weight", 2, -2, 1, 1, -3, 3);
  PLANT_SET(&p, "linear2.weight", 1, 100, 1, 1, 100, 1);
  prune(&p, 0.34);
  plant_mask_is(&p, "linear1.weight", "110011");
  plant_mask_is(&p, "linear1.bias", "101");
  plant_mask_is(&p, "linear2.weight", "101101");
  ck_assert_ptr_null(plant_param(&p, "linear2.bias")->mask);
  counted(&p, 1, 3);
  plant_close(&p);
}
END_TEST

/* A unit of an LSTM is a row of each of four gates, of both weights and the bias, its column of
 * what is left of the token before, and that of the next layer. Rows of unit 0 and 1 take turns;
 * means over 4 + 8 weights: (4 * 1 + 8 * 5) / 12 and (4 * 2 + 8 * 1) / 12. */
START_TEST(units_of_an_lstm_go_with_their_gates) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 2}, 1, " lstm 2\n token_last\n linear classes nobias",
           "structure = neuron\n");
  PLANT_SET(&p, "lstm1.ih.weight", 1, 2, 1, -2, 1, 2, -1, 2);
  PLANT_SET(&p, "lstm1.hh.weight", 5, 5, 1, 1, -5, 5, 1, 1, 5, 5, 1, -1, 5, -5, 1, 1);
  prune(&p, 0.5);
  plant_mask_is(&p, "lstm1.ih.weight", "10101010");
  plant_mask_is(&p, "lstm1.ih.bias", "10101010");
  plant_mask_is(&p, "lstm1.hh.weight", "1000100010001000");
  plant_mask_is(&p, "linear1.weight", "10");
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

/* A line has one width, so a unit of a GRU in two directions goes in both: the means are over 3 + 6
 * weights of each, 1 and 2 forward, 4 and 2 in reverse. */
START_TEST(units_of_both_directions_go_together) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 2}, 1, " gru 2 both\n token_max\n linear classes nobias",
           "structure = neuron\n");
  PLANT_SET(&p, "gru1.ih.weight", 1, 2, 1, 2, 1, 2);
  PLANT_SET(&p, "gru1.hh.weight", 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2);
  PLANT_SET(&p, "gru1.reverse.ih.weight", 4, 2, 4, 2, 4, 2);
  PLANT_SET(&p, "gru1.reverse.hh.weight", 4, 4, 2, 2, 4, 4, 2, 2, 4, 4, 2, 2);
  prune(&p, 0.5);
  static const char *const biases[] = {"gru1.ih.bias", "gru1.hh.bias", "gru1.reverse.ih.bias",
                                       "gru1.reverse.hh.bias"};
  for (size_t i = 0; i < 4; i++) plant_mask_is(&p, biases[i], "101010");
  plant_mask_is(&p, "gru1.hh.weight", "100010001000");
  plant_mask_is(&p, "gru1.reverse.hh.weight", "100010001000");
  plant_mask_is(&p, "linear1.weight", "1010");
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

/* ---- what transformers have ---- */

/* Of 12 channels the first four are queries, then come keys and values; head 0 has the first two of
 * each four. Its rows are smaller. */
START_TEST(heads_go_with_all_that_is_theirs) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 2}, 1,
           " conv 12 1x1\n attention 2\n conv 1 1x1 nobias\n token_mean", "structure = head\n");
  PLANT_SET(&p, "conv1.weight", 1, -1, 2, 2, 3, 3, 4, -4, 1, 1, 2, 2);
  prune(&p, 0.5);
  plant_mask_is(&p, "conv1.weight", "001100110011");
  plant_mask_is(&p, "conv1.bias", "001100110011");
  plant_mask_is(&p, "conv2.weight", "0011");
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

static const char encoder[] =
    " embedding 2\n positions\n residual\n layernorm\n conv 3 1x1\n gelu\n conv 2 1x1\n end\n"
    " layernorm\n token_mean\n linear classes nobias";
static const esp_shape two_tokens = {1, 1, 2, 3};

/* Means over a column of the embedding and a row of conv2: (0 + 1 + 1 + 3 * 3) / 6 and
 * (0 + 5 + 5 + 3 * 1) / 6. */
START_TEST(a_dimension_goes_everywhere) {
  plant p;
  open_net(&p, two_tokens, 1, encoder, "structure = dimension\n");
  PLANT_SET(&p, "embedding1.weight", 0, 0, 1, 5, -1, 5);
  PLANT_SET(&p, "0.conv2.weight", 3, 3, -3, 1, 1, 1);
  prune(&p, 0.5);
  static const char *const alone[] = {"0.layernorm1.scale", "0.layernorm1.shift", "0.conv2.bias",
                                      "layernorm1.scale",   "layernorm1.shift",   "linear1.weight"};
  for (size_t i = 0; i < 6; i++) plant_mask_is(&p, alone[i], "01");
  plant_mask_is(&p, "embedding1.weight", "010101");
  plant_mask_is(&p, "positions1.weight", "0101");
  plant_mask_is(&p, "0.conv1.weight", "010101");
  plant_mask_is(&p, "0.conv2.weight", "000111");
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

START_TEST(hidden_units_are_neurons) {
  plant p;
  open_net(&p, two_tokens, 1, encoder, "structure = neuron\n");
  PLANT_SET(&p, "0.conv1.weight", 1, 1, 3, 3, 2, 2);
  prune(&p, 0.34);
  plant_mask_is(&p, "0.conv1.weight", "001111");
  plant_mask_is(&p, "0.conv1.bias", "011");
  plant_mask_is(&p, "0.conv2.weight", "011011");
  ck_assert_ptr_null(plant_param(&p, "embedding1.weight")->mask);
  counted(&p, 1, 3);
  plant_close(&p);
}
END_TEST

/* ---- channels ---- */

/* conv1 and conv2 are added, so their channels go in pairs; conv2 reads conv1, and so does conv3
 * through bn2. Scores: the mean over the weights of both filters, (1 + 7 + 7) / 3 = 5 and 3: the
 * second goes, though conv1 alone would lose its first. */
START_TEST(channels_that_are_added_go_together) {
  plant p;
  open_net(
      &p, (esp_shape){1, 1, 1}, 2,
      " conv 2 1x1 bias\n residual\n bn\n conv 2 1x1\n bn\n end\n relu\n conv 3 1x1\n flatten\n"
      " linear classes",
      "structure = channel\nskip = conv2\n");
  PLANT_SET(&p, "conv1.weight", 1, 3);
  PLANT_SET(&p, "0.conv1.weight", 7, 7, -3, 3);
  prune(&p, 0.5);
  plant_mask_is(&p, "conv1.weight", "10");
  plant_mask_is(&p, "conv1.bias", "10");
  plant_mask_is(&p, "0.bn1.scale", "10");
  plant_mask_is(&p, "0.bn1.shift", "10");
  plant_mask_is(&p, "0.conv1.weight", "1000");
  plant_mask_is(&p, "0.bn2.scale", "10");
  plant_mask_is(&p, "conv2.weight", "101010");
  ck_assert_ptr_null(plant_param(&p, "conv2.bias")->mask); /* its own channels stay */
  ck_assert_ptr_null(plant_param(&p, "linear1.weight")->mask);
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

/* A channel before flatten is as many columns as it has pixels. */
START_TEST(flatten_spreads_a_channel) {
  plant p;
  open_net(&p, (esp_shape){1, 2, 1}, 1, " conv 3 1x1\n maxpool 1\n flatten\n linear classes",
           "structure = channel\n");
  PLANT_SET(&p, "conv1.weight", 2, 1, 3);
  prune(&p, 0.34);
  plant_mask_is(&p, "conv1.weight", "101");
  plant_mask_is(&p, "linear1.weight", "110011");
  plant_close(&p);
}
END_TEST

/* The channels of a depthwise convolution are those it reads. Means over 1 + 9 weights:
 * (10 + 9 * 1) / 10 and (1 + 9 * 1.5) / 10. */
START_TEST(depthwise_goes_with_what_it_reads) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 1}, 1, " conv 2 1x1\n bn\n depthwise 3x3 bias\n conv 1 1x1 nobias",
           "structure = channel\n");
  PLANT_SET(&p, "conv1.weight", 10, 1);
  PLANT_SET(&p, "depthwise1.weight", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f,
            1.5f, 1.5f, 1.5f);
  prune(&p, 0.5);
  plant_mask_is(&p, "conv1.weight", "10");
  plant_mask_is(&p, "depthwise1.weight", "111111111000000000");
  plant_mask_is(&p, "depthwise1.bias", "10");
  plant_mask_is(&p, "conv2.weight", "10");
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

/* Behind a concat each branch has its own slice; a branch that is the input itself is tied to what
 * made that. */
START_TEST(concat_offsets_a_slice) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 1}, 1,
           " conv 2 1x1 nobias\n concat\n conv 2 1x1 nobias\n branch\n end\n conv 1 1x1 nobias",
           "structure = channel\ndistribution = uniform\n");
  PLANT_SET(&p, "conv1.weight", 1, 2);
  PLANT_SET(&p, "0.branch1.conv1.weight", 4, 4, 3, 3);
  prune(&p, 0.5);
  plant_mask_is(&p, "conv1.weight", "01");
  plant_mask_is(&p, "0.branch1.conv1.weight", "0100");
  plant_mask_is(&p, "conv2.weight", "1001");
  counted(&p, 2, 4);
  plant_close(&p);
}
END_TEST

/* What a skipped layer makes stays, and what is added to it. */
START_TEST(one_skipped_layer_keeps_its_partners) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 1}, 2,
           " conv 2 1x1\n residual\n conv 3 1x1\n conv 2 1x1\n end\n conv 2 1x1 nobias",
           "structure = channel\nskip = conv1\n");
  counted(&p, 0, 3);
  prune(&p, 0.34);
  ck_assert_ptr_null(plant_param(&p, "conv1.weight")->mask);
  ck_assert_ptr_null(plant_param(&p, "0.conv2.bias")->mask);
  counted(&p, 1, 3);
  plant_close(&p);
}
END_TEST

/* ---- dependency groups of whole networks ---- */

typedef struct expected_pool {
  const char *layer;
  size_t units;
  int slices;
} expected_pool;

static void pools_are(const char *model, const char *structure, const expected_pool *pool, int n) {
  char ini[512];
  plant p;
  snprintf(ini, sizeof ini, "[model]\n%s\n[prune]\nmethod = magnitude\nstructure = %s\n", model,
           structure);
  plant_open(&p, (esp_shape){3, 32, 32}, 10, ini);
  ck_assert_msg(p.pruner->pools == n, "%s: %d pools", model, p.pruner->pools);
  for (int i = 0; i < n; i++) {
    const esp_ranking_pool *t = &p.pruner->pool[i];
    ck_assert_msg(strcmp(t->layer->name, pool[i].layer) == 0, "%s: %s, expected %s", model,
                  t->layer->name, pool[i].layer);
    ck_assert_msg(t->units == pool[i].units, "%s: %s: %zu units", model, pool[i].layer, t->units);
    ck_assert_msg(t->slices == pool[i].slices, "%s: %s: %d slices", model, pool[i].layer,
                  t->slices);
  }
  plant_close(&p);
}
#define POOLS(model, structure, ...)                                \
  pools_are(model, structure, (const expected_pool[]){__VA_ARGS__}, \
            (int)(sizeof((const expected_pool[]){__VA_ARGS__}) / sizeof(expected_pool)))

/* The channels of a stage's stream are one pool: 16, then 32, then 64. A block's inner channels are
 * 5 slices: a filter, scale, shift, and the next filter's columns: 4. With identity shortcuts
 * (subsample) the first 16 of the 32 channels of the second stage are those of the first, and its
 * 32 the first of the third's 64: all three streams are one pool of 64. */
START_TEST(groups_of_resnet20) {
#define INNER(name, n) {name, n, 4}
  POOLS("arch = resnet20\nshortcut = projection", "channel", {"conv1", 16, 17},
        INNER("layer1.0.conv1", 16), INNER("layer1.1.conv1", 16), INNER("layer1.2.conv1", 16),
        INNER("layer2.0.conv1", 32), {"layer2.0.conv2", 32, 16}, INNER("layer2.1.conv1", 32),
        INNER("layer2.2.conv1", 32), INNER("layer3.0.conv1", 64), {"layer3.0.conv2", 64, 15},
        INNER("layer3.1.conv1", 64), INNER("layer3.2.conv1", 64));
  POOLS("arch = resnet20\nshortcut = identity", "channel", {"conv1", 64, 40},
        INNER("layer1.0.conv1", 16), INNER("layer1.1.conv1", 16), INNER("layer1.2.conv1", 16),
        INNER("layer2.0.conv1", 32), INNER("layer2.1.conv1", 32), INNER("layer2.2.conv1", 32),
        INNER("layer3.0.conv1", 64), INNER("layer3.1.conv1", 64), INNER("layer3.2.conv1", 64));
}
END_TEST

/* A chain: every convolution is a pool of filter, scale, shift and the columns of the next. */
START_TEST(groups_of_vgg16) {
  static const int width[] = {64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512};
  expected_pool pool[13];
  char name[13][16];
  for (int i = 0; i < 13; i++) {
    snprintf(name[i], sizeof name[i], "conv%d", i + 1);
    pool[i] = (expected_pool){name[i], (size_t)width[i], 4};
  }
  pools_are("arch = vgg16", "channel", pool, 13);
}
END_TEST

/* Filter, scale, shift; depthwise, scale, shift; columns. The last has the linear layer's columns
 * instead. */
START_TEST(groups_of_depthwise_concat_flatten) {
  POOLS(
      "arch = custom\nlayers =\n conv 8 3x3\n bn\n depthwise 3x3\n bn\n conv 4 1x1\n flatten\n"
      " linear classes",
      "channel", {"conv1", 8, 7}, {"conv2", 4, 3});
  POOLS(
      "arch = custom\nlayers =\n concat\n conv 8 3x3 nobias\n branch\n conv 4 3x3 nobias\n end\n"
      " conv 4 1x1\n flatten\n linear classes",
      "channel", {"0.branch1.conv1", 8, 2}, {"0.branch2.conv1", 4, 2}, {"conv1", 4, 3});
  POOLS("arch = conv2", "neuron", {"linear1", 256, 3}, {"linear2", 256, 3});
  /* Grouped convolutions hold what they read and make; so do the images. */
  POOLS(
      "arch = custom\nlayers =\n conv 8 3x3\n conv 8 3x3 groups 2\n conv 4 1x1\n residual\n"
      " conv 8 1x1\n conv 4 1x1\n end\n conv 3 1x1\n concat\n branch\n end\n flatten\n"
      " linear classes",
      "channel", {"conv3", 4, 6}, {"0.conv1", 8, 3}, {"conv4", 3, 3});
}
END_TEST

/* Three thirds of 8 channels in 2 heads; 32 hidden units; the stream of 8: what the first layer and
 * the positions write, 5 of each half of a block (layer norm, the columns that read, row and bias
 * that write), layer norm and columns at the end. All of them are channels. */
START_TEST(groups_of_a_transformer) {
  static const char net[] = "arch = transformer-2-8-2";
  POOLS(net, "head", {"0.conv1", 2, 3}, {"2.conv1", 2, 3});
  POOLS(net, "neuron", {"1.conv1", 32, 3}, {"3.conv1", 32, 3});
  POOLS(net, "dimension", {"conv1", 8, 3 + 4 * 5 + 3});
  POOLS(net, "channel", {"conv1", 8, 26}, {"0.conv1", 2, 3}, {"1.conv1", 32, 3}, {"2.conv1", 2, 3},
        {"3.conv1", 32, 3});
  POOLS(net, "layer", {"0.conv1", 4, 24});
}
END_TEST

/* ---- blocks of layers ---- */

static const char blocks[] =
    " conv 2 1x1\n relu\n residual\n conv 2 1x1\n relu\n conv 2 1x1\n end\n relu\n"
    " residual\n conv 2 1x1\n sigmoid\n end\n"
    " residual\n conv 2 1x1\n shortcut\n conv 2 1x1\n end\n"
    " residual\n bn\n conv 2 1x1\n bn\n end\n linear classes";

/* Of four residual blocks the second would give 1/2 and the third has a shortcut of its own: two
 * units. Means of |w|: block 0 (1 * 4 + 2 * 4) / 8 = 1.5, block 3 is 1. */
START_TEST(residual_blocks_go_whole) {
  plant p;
  open_net(&p, (esp_shape){1, 1, 1}, 2, blocks, "structure = layer\nsparsity = 0.5\n");
  counted(&p, 0, 2);
  PLANT_SET(&p, "0.conv1.weight", 1, 1, 1, -1);
  PLANT_SET(&p, "0.conv2.weight", 2, 2, 2, -2);
  PLANT_SET(&p, "3.conv1.weight", 1, 1, -1, 1);
  prune(&p, 0.5);
  plant_mask_is(&p, "3.conv1.weight", "0000");
  plant_mask_is(&p, "3.bn1.scale", "00");
  plant_mask_is(&p, "3.bn2.shift", "00");
  plant_mask_is(&p, "0.conv1.bias", "11");
  static const char *const dense[] = {"1.conv1.weight", "2.conv1.weight", "2.shortcut.conv1.weight",
                                      "conv1.weight"};
  for (size_t i = 0; i < 4; i++) ck_assert_ptr_null(plant_param(&p, dense[i])->mask);
  counted(&p, 1, 2);
  plant_close(&p);
}
END_TEST

START_TEST(blocks_that_can_go_in_resnet20) {
  POOLS("arch = resnet20", "layer", {"layer1.0.conv1", 7, 42});
  POOLS(
      "arch = custom\nlayers =\n conv 4 1x1\n residual\n residual\n conv 4 1x1\n end\n"
      " conv 4 1x1\n end\n flatten\n linear classes",
      "layer", {"0.0.conv1", 1, 4});
  POOLS("arch = wrn-16-2", "layer", {"layer1.1.conv1", 3, 18});
}
END_TEST

/* ---- hybrid ---- */

/* Channels where the lines say so, weights of the linear layer; 2:4 comes last whatever the order
 * of the lines. */
START_TEST(a_structure_for_each_layer) {
  plant p;
  open_net(&p, (esp_shape){4, 1, 1}, 4,
           " conv 4 1x1 nobias\n conv 4 1x1 nobias\n linear 4 nobias\n linear 4 nobias",
           "structure = hybrid\ndistribution = uniform\nsparsity = 0.25\nstructures =\n * n:m\n"
           " conv* filter\n"
           " conv1 weight\n linear2 weight\n");
  const esp_ranking_pool *t = p.pruner->pool;
  ck_assert_int_eq(p.pruner->pools, 4);
  ck_assert_int_eq(p.pruner->ranked, 3);
  ck_assert_str_eq(t[0].layer->name, "conv1");
  ck_assert_str_eq(t[1].layer->name, "linear2");
  ck_assert_str_eq(t[2].structure->name, "filter");
  ck_assert_str_eq(t[3].structure->name, "n:m");
  prune(&p, 0.25);
  ck_assert_uint_eq(plant_param(&p, "conv1.weight")->mask->kept, 12);
  ck_assert_uint_eq(plant_param(&p, "conv2.weight")->mask->kept, 12);
  ck_assert_uint_eq(plant_param(&p, "linear1.weight")->mask->kept, 8); /* all of its own sparsity */
  ck_assert_uint_eq(plant_param(&p, "linear2.weight")->mask->kept, 12);
  plant_close(&p);
}
END_TEST

/* ---- what does not go together ---- */

#define M "method = magnitude\n"
static const struct {
  const char *prune, *says;
} wrong[] = {
    {M "structure = n:m\nsparsity = 0.9\n", "2 of every 4 weights stay, expected sparsity = 0.5"},
    {M "structure = n:m\nn = 4\nm = 4\n", "expected n < m"},
    {M "structure = n:m\nn = 1\nm = 64\nsparsity = 0.984375\n", "no layer to prune"},
    {M "structure = neuron\n", "no layer to prune"},
    {M "structure = layer\n", "no layer to prune"},
    {M "structure = hybrid\n", "expected lines 'pattern structure'"},
    {M "structure = hybrid\nstructures = conv1 filters\n",
     "structures:1: 'conv1 filters': expected a pattern of layer names and a structure; "
     "did you mean filter"},
    {M "structure = hybrid\nstructures = conv1\n", "structures:1: 'conv1': expected"},
    {M "structure = hybrid\nstructures = * hybrid\n", "structures:1: '* hybrid': expected"},
    {M "structure = hybrid\nstructures =\n conv1 weight\n conv9 filter\n",
     "structures:2: 'conv9 filter': matches no"},
    {M "structure = hybrid\nstructures = linear1 neuron\n",
     "'neuron' finds nothing to remove in 'linear1'"},
    {M "structure = hybrid\nstructures = conv1 channel\n",
     "'channel' finds nothing to remove in 'conv1'"},
    {"method = rigl\nstructure = channel\n", "expected structure = weight, not channel"},
};

START_TEST(structures_that_cannot_be) {
  char ini[512];
  esp_config config;
  plant p;
  esp_pruner *pruner = NULL;
  plant_open(
      &p, (esp_shape){3, 4, 4}, 10,
      "[model]\narch = custom\nlayers =\n conv 4 3x3\n residual\n conv 4 3x3\n shortcut\n end\n"
      " global_avgpool\n linear classes\n");
  snprintf(ini, sizeof ini, "[prune]\n%s", wrong[_i].prune);
  ck_assert(esp_config_parse(&config, "x", ini, 0, NULL, &err) == ESP_OK);
  ck_assert(esp_pruner_new(&pruner, &config.prune, p.model, 1, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
  esp_config_free(&config);
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("structures");
  TCase *t = tcase_create("structures");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, two_of_four_at_each_place);
  tcase_add_test(t, n_of_m_step_by_step);
  tcase_add_test(t, n_of_m_needs_whole_groups);
  tcase_add_test(t, blocks_with_ragged_edges);
  tcase_add_test(t, blocks_at_each_place_of_a_kernel);
  tcase_add_test(t, neurons_go_with_their_column);
  tcase_add_test(t, units_of_an_lstm_go_with_their_gates);
  tcase_add_test(t, units_of_both_directions_go_together);
  tcase_add_test(t, heads_go_with_all_that_is_theirs);
  tcase_add_test(t, a_dimension_goes_everywhere);
  tcase_add_test(t, hidden_units_are_neurons);
  tcase_add_test(t, channels_that_are_added_go_together);
  tcase_add_test(t, flatten_spreads_a_channel);
  tcase_add_test(t, depthwise_goes_with_what_it_reads);
  tcase_add_test(t, concat_offsets_a_slice);
  tcase_add_test(t, one_skipped_layer_keeps_its_partners);
  tcase_add_test(t, groups_of_resnet20);
  tcase_add_test(t, groups_of_vgg16);
  tcase_add_test(t, groups_of_depthwise_concat_flatten);
  tcase_add_test(t, groups_of_a_transformer);
  tcase_add_test(t, residual_blocks_go_whole);
  tcase_add_test(t, blocks_that_can_go_in_resnet20);
  tcase_add_test(t, a_structure_for_each_layer);
  tcase_add_loop_test(t, structures_that_cannot_be, 0, sizeof wrong / sizeof *wrong);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
