/* [compress] */
#include <espalier/compress.h>
#include <espalier/factorise.h>
#include <espalier/optim.h>

static const char *step_name(size_t i) {
  const esp_compress_step *step = esp_compress_step_at(i);
  return step ? step->name : NULL;
}

static const char *lr_schedule_name(size_t i) {
  const esp_lr_schedule *schedule = esp_lr_schedule_at(i);
  return schedule ? schedule->name : NULL;
}

static const char *start_name(size_t i) {
  static const char *const names[] = {"linear", "density", "random"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *rule_name(size_t i) {
  static const char *const names[] = {"max", "percentile", "squares", "mean"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *training_name(size_t i) {
  static const char *const names[] = {"straight-through", "learned"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *from_name(size_t i) {
  static const char *const names[] = {"training", "validation"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *method_name(size_t i) {
  return i == 0 ? "auto" : esp_factorise_name(i - 1);
}

#define AT(member) offsetof(esp_compress_options, member)
const esp_option esp_compress_option_table[] = {
    {"steps", ESP_OPTION_WORDS, AT(steps), "", 0, 0, step_name,
     "What is done to the weights behind the last pruning round, step by step; each is a stage of "
     "the run. Empty: nothing."},
    {"epochs", ESP_OPTION_NUMBERS, AT(epochs), "0", 0, 1e6, NULL,
     "Epochs of training on behind each step: one number for all of them, or one for each."},
    {"lr", ESP_OPTION_REAL, AT(lr), "0.0001", 0, 1000, NULL,
     "Peak learning rate of training on. Shared weights move by the sum of their gradients, so "
     "they want a small one."},
    {"schedule", ESP_OPTION_CHOICE, AT(schedule), "cosine", 0, 0, lr_schedule_name,
     "Learning-rate schedule of training on, without warm-up."},
    {"factorise_method", ESP_OPTION_CHOICE, AT(factorise_method), "auto", 0, 0, method_name,
     "factorise: what becomes of convolutions: rows and columns (spatial), or one between two of "
     "1x1 (tucker); or of linear layers: a tensor train (tt). Linear layers and 1x1 convolutions "
     "that the method is not for become two, by singular values (svd: those only). auto: what "
     "needs fewer multiply-adds."},
    {"factorise_energy", ESP_OPTION_REAL, AT(factorise_energy), "0", 0, 1, NULL,
     "factorise: the share of each layer's sum of squares that stays. One of this key, "
     "factorise_parameters, factorise_macs and factorise_rank says how far ranks go down."},
    {"factorise_parameters", ESP_OPTION_REAL, AT(factorise_parameters), "0", 0, 1, NULL,
     "factorise: the share of the network's nonzero weights that stays, at most."},
    {"factorise_macs", ESP_OPTION_REAL, AT(factorise_macs), "0", 0, 1, NULL,
     "factorise: the share of its multiply-adds that stays, at most."},
    {"factorise_rank", ESP_OPTION_INT, AT(factorise_rank), "0", 0, 65536, NULL,
     "factorise: the rank of every layer that has more."},
    {"share_bits", ESP_OPTION_INT, AT(share_bits), "5", 1, 8, NULL,
     "share: the weights of a layer that are not pruned share at most 2^share_bits values."},
    {"share_start", ESP_OPTION_CHOICE, AT(share_start), "linear", 0, 0, start_name,
     "share: where k-means begins: evenly between the smallest and the largest weight (linear), "
     "evenly by the number of weights (density), or at random weights (random)."},
    {"quantise_bits", ESP_OPTION_INT, AT(quantise_bits), "8", 2, 8, NULL,
     "quantise: bits of a weight: 8 (-127 to 127), 4 (-7 to 7) or 2 (-1, 0, 1), times a step for "
     "each output."},
    {"quantise_rule", ESP_OPTION_CHOICE, AT(quantise_rule), "squares", 0, 0, rule_name,
     "quantise: what becomes 127 in a tensor of activations: its largest magnitude (max), the one "
     "that a share of them does not exceed (percentile), or the one with the least sum of squared "
     "errors (squares). With mean, 2 / sqrt(127) times the mean magnitude becomes 1, "
     "and so with the "
     "steps of weights, which else have the least sum of squared errors (Esser et al. 2020)."},
    {"quantise_percentile", ESP_OPTION_REAL, AT(quantise_percentile), "99.99", 50, 100, NULL,
     "quantise: with quantise_rule = percentile, the share in per cent."},
    {"quantise_from", ESP_OPTION_CHOICE, AT(quantise_from), "training", 0, 0, from_name,
     "quantise: the images that activations are measured with, as they are: of training, or of "
     "validation."},
    {"quantise_images", ESP_OPTION_INT, AT(quantise_images), "256", 1, 65536, NULL,
     "quantise: how many of them."},
    {"quantise_training", ESP_OPTION_CHOICE, AT(quantise_training), "straight-through", 0, 0,
     training_name,
     "quantise: what training on moves: the weights alone, straight through the rounding, or the "
     "steps of weights and the scales of tensors too (learned; Esser et al. 2020)."},
    {"round_bits", ESP_OPTION_INT, AT(round_bits), "10", 1, 22, NULL,
     "round: bits of a mantissa that are left, the leading one not counted; half precision has "
     "10."},
    {.name = NULL},
};
