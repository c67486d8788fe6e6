#include <espalier/model.h>

static const char *shortcut_name(size_t i) {
  static const char *const name[] = {"projection", "identity"};
  return i < sizeof name / sizeof *name ? name[i] : NULL;
}

#define AT(member) offsetof(esp_model_options, member)

/* arch is a text, not a choice: resnet<D> and wrn-<D>-<K> have no end. esp_arch_text checks it. */
const esp_option esp_model_option_table[] = {
    {"arch", ESP_OPTION_TEXT, AT(arch), "resnet20", 0, 0, NULL,
     "The network: a built-in (`espalier list models`), resnet<D> with D = 6n + 2, wrn-<D>-<K> with D = 6n + "
     "4, "
     "or custom, which is written in the key `layers`."},
    {"input", ESP_OPTION_TEXT, AT(input), "", 0, 0, NULL,
     "Shape of an image, channels x height x width: 3x32x32. Empty: as the data set."},
    {"layers", ESP_OPTION_LINES, AT(layers), "", 0, 0, NULL,
     "With arch = custom: the network in the layer language, one layer a line."},
    {"weights", ESP_OPTION_TEXT, AT(weights), "", 0, 0, NULL,
     "A safetensors file or a run directory whose weights to start from. Empty: fresh weights.",
     .neutral = true},
    {"shortcut", ESP_OPTION_CHOICE, AT(shortcut), "projection", 0, 0, shortcut_name,
     "How the shortcut of a resnet changes shape: projection (1x1 convolution) or identity (subsampled, no "
     "weights)."},
    {"hidden", ESP_OPTION_NUMBERS, AT(hidden), "300 100", 1, 65536, NULL,
     "With arch = mlp: sizes of the hidden layers."},
    {"width", ESP_OPTION_REAL, AT(width), "1", 0.01, 16, NULL,
     "Multiplies the channels of every layer but `linear classes`. sqrt(1 - sparsity) makes a dense network "
     "of about as many "
     "weights "
     "as the pruned one has."},
    {.name = NULL},
};
