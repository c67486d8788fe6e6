#include "nn/layers.h"

static const char *shortcut_name(size_t i) {
  static const char *const name[] = {"projection", "identity"};
  return i < sizeof name / sizeof *name ? name[i] : NULL;
}

static const char *convolution_name(size_t i) {
  static const char *const name[] = {"auto", "direct"};
  return i < sizeof name / sizeof *name ? name[i] : NULL;
}

#define AT(member) offsetof(esp_model_options, member)

/* arch is a text, not a choice: resnet<D> and its like have no end. esp_arch_text checks it. */
const esp_option esp_model_option_table[] = {
    {"arch", ESP_OPTION_TEXT, AT(arch), "resnet20", 0, 0, NULL,
     "The network: a built-in (`espalier list models`), resnet<D> with D = 6n + 2 for small "
     "images, wrn-<D>-<K> with D = 6n + 4, lstm-<D>, gru-<D>, transformer-<L>-<D>-<H>, or custom, "
     "which is written in the key `layers`."},
    {"input", ESP_OPTION_TEXT, AT(input), "", 0, 0, NULL,
     "Shape of an image, channels x height x width: 3x32x32; of a text of up to 24 words of 5000 "
     "1x1x24:5000, or 1x1x24. Empty: as the data set."},
    {"layers", ESP_OPTION_LINES, AT(layers), "", 0, 0, NULL,
     "With arch = custom: the network in the layer language, one layer a line.",
     .explain = esp__layer_language_explain},
    {"weights", ESP_OPTION_PATH, AT(weights), "", 0, 0, NULL,
     "A safetensors file or a run directory whose weights to start from. Empty: fresh weights.",
     .neutral = true},
    {"weight_names", ESP_OPTION_PATH, AT(weight_names), "", 0, 0, NULL,
     "A file that says what the tensors of model.weights are called there, a line a layer: "
     "its name here, then what stands before .weight and .bias there, as in PyTorch. "
     "Empty: they are called as here.",
     .neutral = true},
    {"weights_skip", ESP_OPTION_WORDS, AT(weights_skip), "", 0, 0, NULL,
     "Layers that keep fresh weights where `weights` gives the others: names or patterns, such as "
     "linear*, or the words first and last. last: another head, as for other classes."},
    {"shortcut", ESP_OPTION_CHOICE, AT(shortcut), "projection", 0, 0, shortcut_name,
     "How the shortcut of a resnet changes shape: "
     "projection (1x1 convolution) or identity (subsampled, no weights)."},
    {"hidden", ESP_OPTION_NUMBERS, AT(hidden), "300 100", 1, 65536, NULL,
     "With arch = mlp: sizes of the hidden layers."},
    {"width", ESP_OPTION_REAL, AT(width), "1", 0.01, 16, NULL,
     "Multiplies the channels of every layer but `linear classes`. "
     "sqrt(1 - sparsity) makes a dense network of about as many weights as the pruned one has."},
    {"init", ESP_OPTION_CHOICE, AT(init), "he", 0, 0, esp_initial_name,
     "How the weights of convolutions and linear layers are drawn at first; biases begin at 0."},
    {"init_scale", ESP_OPTION_REAL, AT(init_scale), "0", 0, 1000, NULL,
     "With init = normal: the deviation; uniform: the bound; orthogonal: the norm of an output's "
     "weights."},
    {"convolution", ESP_OPTION_CHOICE, AT(convolution), "auto", 0, 0, convolution_name,
     "auto: 3x3 layers of stride 1 that are dense, or pruned to about 60 to 75 % at most, "
     "take 36 products where the direct way takes 144 (Winograd 1980; Lavin & Gray 2016). "
     "direct: none does. Their sums are rounded otherwise, so the last bits differ."},
    {"gate_density", ESP_OPTION_REAL, AT(gate_density), "0", 0, 1, NULL,
     "Feature boosting and suppression: behind every convolution with batch norm (but those of "
     "shortcuts) a gate keeps this share of the channels of each image, "
     "chosen by what the convolution reads. 0: no gates."},
    {"gate_penalty", ESP_OPTION_REAL, AT(gate_penalty), "1e-8", 0, 1000, NULL,
     "Weight of the sum of the gates' saliencies in the loss, mean over images."},
    {"relu_threshold", ESP_OPTION_REAL, AT(relu_threshold), "0", 0, 1000, NULL,
     "Every relu becomes fatrelu with this threshold, in training too: "
     "what is not above it is 0. 0: relu."},
    {"relu_zeros", ESP_OPTION_REAL, AT(relu_zeros), "0", 0, 0.999, NULL,
     "Every relu becomes share_relu: when a stage of training has ended, "
     "each gets the threshold that makes this share of its values 0 over a batch of training "
     "images. Goes before relu_threshold. 0: relu."},
    {.name = NULL},
};

void esp_model_options_literal(esp_model_options *opt) {
  opt->width = 1.0;
  opt->gate_density = opt->relu_threshold = opt->relu_zeros = 0.0;
}
