/* The configurations that the tests of the command start from. */
#ifndef ESP_TESTS_CLI_NETS_H
#define ESP_TESTS_CLI_NETS_H

/* Small enough that a run is a matter of milliseconds. */
#define CONFIG_BEGIN       \
  "[run]\n"                \
  "threads = 1\n"          \
  "[data]\n"               \
  "dataset = shapes\n"     \
  "train = 96\n"           \
  "test = 48\n"            \
  "[train]\n"              \
  "epochs = 2\n"           \
  "batch = 32\n"           \
  "[prune]\n"              \
  "schedule = iterative\n" \
  "retrain_epochs = 1\n"   \
  "every = 2\n"            \
  "saliency_batches = 2\n" \
  "[model]\n"              \
  "arch = custom\n"        \
  "layers =\n"

/* 216 + 864 weights of convolutions in 8 + 12 filters, 120 of a linear layer. */
#define PLAIN_LAYERS                                                   \
  "  conv 8 3x3 stride 4\n  bn\n  relu\n  conv 12 3x3\n  bn\n  relu\n" \
  "  global_avgpool\n  flatten\n  linear classes\n"
enum { PLAIN_WEIGHTS = 216 + 864 + 120, PLAIN_FILTERS = 8 + 12, PLAIN_LINEAR = 120 };

/* Every kind of layer that has weights or chance in it. */
#define RICH_LAYERS                                                                     \
  "  conv 8 3x3 stride 4\n  bn\n  relu\n"                                               \
  "  residual\n    conv 8 3x3 groups 2\n    bn\n    relu\n    depthwise 3x3\n    bn\n"  \
  "  shortcut\n    conv 8 1x1\n    bn\n  end\n  relu\n"                                 \
  "  concat\n    conv 4 1x1\n    tanh\n  branch\n    maxpool 3 stride 1 pad 1\n  end\n" \
  "  avgpool 2\n  dropout 0.2\n  flatten\n  linear 16\n  gelu\n  dropout 0.5\n  linear classes\n"

/* Something for each structure: channels that are added, joined, flattened, and blocks that can
 * go. */
#define STREAM_NET                                                                          \
  "  conv 8 3x3 stride 4\n  bn\n  relu\n"                                                   \
  "  repeat 2\n    residual\n    conv 8 3x3\n    bn\n    relu\n    depthwise 3x3\n    bn\n" \
  "    conv 8 1x1\n    bn\n    end\n    relu\n  end\n"                                      \
  "  concat\n    conv 4 1x1\n    relu\n  branch\n    maxpool 3 stride 1 pad 1\n  end\n"     \
  "  avgpool 4\n  flatten\n  linear 16\n  relu\n  linear classes\n"
#define STREAM_LAYERS \
  STREAM_NET          \
  "[prune]\nstructures =\n  * channel\n  linear1 n:m\n  linear2 weight\n  0.conv1 block\n"

/* An encoder that reads a picture as four tokens: heads, and what its stream is made of. */
#define READER_NET                                                                              \
  "  conv 8 32x8 stride 32x8 pad 0\n"                                                           \
  "  repeat 2\n    residual\n    layernorm\n    conv 24 1x1\n    attention 2\n    conv 8 1x1\n" \
  "    end\n    residual\n    layernorm\n    conv 16 1x1\n    gelu\n    conv 8 1x1\n    end\n"  \
  "  end\n"                                                                                     \
  "  layernorm\n  token_mean\n  linear classes\n"

#endif
