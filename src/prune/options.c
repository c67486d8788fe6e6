/* [prune] */
#include <espalier/optim.h>
#include <espalier/prune.h>

#define NAMES(function, type, at)         \
  static const char *function(size_t i) { \
    const type *entry = at(i);            \
    return entry ? entry->name : NULL;    \
  }
NAMES(structure_name, esp_structure, esp_structure_at)
NAMES(distribution_entry, esp_distribution, esp_distribution_at)
NAMES(schedule_name, esp_prune_schedule, esp_prune_schedule_at)
NAMES(regulariser_of, esp_regulariser, esp_regulariser_at)
NAMES(lr_schedule_name, esp_lr_schedule, esp_lr_schedule_at)

static const char *distribution_name(size_t i) {
  return i == 0 ? "auto" : distribution_entry(i - 1);
}

static const char *regulariser_name(size_t i) {
  return i == 0 ? "none" : regulariser_of(i - 1);
}

const char *esp_retrain_name(size_t i) {
  static const char *const names[] = {
      [ESP_FINETUNE] = "finetune",           [ESP_LR_REWIND] = "lr-rewind",
      [ESP_WEIGHT_REWIND] = "weight-rewind", [ESP_REINIT] = "reinit",
      [ESP_RECONSTRUCT] = "reconstruct",     [ESP_RETRAIN_NONE] = "none"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *at_name(size_t i) {
  static const char *const names[] = {"auto", "init", "rounds", "training"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static char magnitude[] = "magnitude", global[] = "global", weight[] = "weight",
            one_shot[] = "one-shot", at_auto[] = "auto", no_regulariser[] = "none", nothing[] = "";
const esp_prune_options esp_prune_plain = {.method = magnitude,
                                           .distribution = global,
                                           .structure = weight,
                                           .schedule = one_shot,
                                           .at = at_auto,
                                           .rounds = 1,
                                           .retrain = nothing,
                                           .mask_from = nothing,
                                           .skip = nothing,
                                           .every = 1,
                                           .ramps = 2,
                                           .regulariser = no_regulariser};

#define AT(member) offsetof(esp_prune_options, member)
const esp_option esp_prune_option_table[] = {
    {"method", ESP_OPTION_CHOICE, AT(method), "none", 0, 0, esp_prune_method_name,
     "what decides: a criterion that scores weights, "
     "or a dynamic method that also brings weights back"},
    {"distribution", ESP_OPTION_CHOICE, AT(distribution), "auto", 0, 0, distribution_name,
     "how the sparsity is shared among the layers; auto: uniform where filters or channels are "
     "ranked by a norm (magnitude, l1, l2, soft), since norms of different layers do not compare "
     "and one ranking empties layers; global elsewhere"},
    {"structure", ESP_OPTION_CHOICE, AT(structure), "weight", 0, 0, structure_name,
     "what is removed together: the unit that sparsity counts"},
    {"schedule", ESP_OPTION_CHOICE, AT(schedule), "iterative", 0, 0, schedule_name,
     "when, and how much (dynamic methods have their own)"},
    {"at", ESP_OPTION_CHOICE, AT(at), "auto", 0, 0, at_name,
     "when the schedule runs: all rounds before the training, on the initial weights (init); "
     "between rounds of training (rounds); by step while training (training); "
     "as its help says (auto)"},
    {"sparsity", ESP_OPTION_REAL, AT(sparsity), "0.9", 0, 1, NULL,
     "share of the units to remove in the end"},
    {"rounds", ESP_OPTION_INT, AT(rounds), "1", 1, 1000, NULL,
     "rounds of pruning and retraining (one-shot: 1; list: as many as it lists; at = init: "
     "without training between)"},
    {"retrain", ESP_OPTION_CHOICE, AT(retrain), "finetune", 0, 0, esp_retrain_name,
     "what follows the pruning of a round: train on from the retrain_lr (finetune), "
     "with the last epochs of the training schedule again (lr-rewind), "
     "from the weights of an earlier epoch (weight-rewind), from new weights (reinit), "
     "without labels towards the dense network's logits (reconstruct), nothing (none); "
     "methods that prune in training: none"},
    {"retrain_epochs", ESP_OPTION_INT, AT(retrain_epochs), "8", 0, 1e6, NULL,
     "epochs of finetune, reconstruct and lr-rewind per round"},
    {"retrain_lr", ESP_OPTION_REAL, AT(retrain_lr), "0.05", 0, 1000, NULL,
     "finetune, reconstruct: peak learning rate"},
    {"retrain_schedule", ESP_OPTION_CHOICE, AT(retrain_schedule), "cosine", 0, 0, lr_schedule_name,
     "finetune, reconstruct: learning-rate schedule, without warm-up"},
    {"rewind_epoch", ESP_OPTION_INT, AT(rewind_epoch), "0", 0, 1e6, NULL,
     "weight-rewind: the epoch whose weights come back; 0 = those the training began with (the "
     "initial ones, or those of model.weights), the original lottery ticket (Frankle & Carbin "
     "2019)"},
    {"rewind_step", ESP_OPTION_INT, AT(rewind_step), "0", 0, 1e12, NULL,
     "the same in steps, counted from the first (Frankle et al. 2020); 0 = as rewind_epoch says"},
    {"mask_from", ESP_OPTION_PATH, AT(mask_from), "", 0, 0, NULL,
     "with method = none: a run directory, checkpoint or weights file whose masks are put on at "
     "rewind_epoch or rewind_step of the training (0 = on the initial weights) and stay (Frankle "
     "& Carbin 2019; Morcos et al. 2019)"},
    {"skip", ESP_OPTION_WORDS, AT(skip), "", 0, 0, NULL,
     "patterns of layers that stay dense, such as: conv1 linear*; "
     "the words first and last stand for the network's first and last layer with weights"},
    {"allow_empty", ESP_OPTION_BOOL, AT(allow_empty), "no", 0, 0, NULL,
     "a layer may lose everything; else its best unit stays"},
    {"layer_floor", ESP_OPTION_REAL, AT(layer_floor), "0", 0, 1, NULL,
     "least density of a layer, so that none collapses; layers that have more pay for it"},
    {"shuffle", ESP_OPTION_BOOL, AT(shuffle), "no", 0, 0, NULL,
     "control: deal the scores of each layer out to its units at random, "
     "so that layers keep the method's densities and positions mean nothing (Frankle et al. 2021)"},
    {"begin_epoch", ESP_OPTION_REAL, AT(begin_epoch), "0", 0, 1e6, NULL,
     "methods that prune in training: epoch of the first mask change"},
    {"end_epoch", ESP_OPTION_REAL, AT(end_epoch), "0", 0, 1e6, NULL,
     "methods that prune in training: epoch of the last mask change; "
     "0 = three quarters of the training"},
    {"every", ESP_OPTION_INT, AT(every), "100", 1, 1e9, NULL,
     "methods that prune in training: steps between two mask changes; regulariser admm: "
     "between two projections"},
    {"every_epochs", ESP_OPTION_REAL, AT(every_epochs), "0", 0, 1e6, NULL,
     "the same in epochs, which may be fractions; 0 = as every says"},
    {"pause_epochs", ESP_OPTION_REAL, AT(pause_epochs), "0", 0, 1e6, NULL,
     "methods that prune in training: epochs without a mask change between two ramps; "
     "0 = no pause"},
    {"ramps", ESP_OPTION_INT, AT(ramps), "2", 2, 1000, NULL,
     "pause_epochs: equal parts of the time between begin_epoch and end_epoch in which masks "
     "change"},
    {"saliency_batches", ESP_OPTION_INT, AT(saliency_batches), "10", 1, 1e6, NULL,
     "criteria that measure gradients or activations: training batches they are averaged over"},
    {"early_bird", ESP_OPTION_INT, AT(early_bird), "0", 0, 7, NULL,
     "end the training and prune when what would be pruned has been the same over so many "
     "epochs; 0 = train to the end (early-bird tickets, You et al. 2020: 5)"},
    {"early_bird_distance", ESP_OPTION_REAL, AT(early_bird_distance), "0.1", 0, 1, NULL,
     "share of the units in which two choices that count as the same may differ"},
    {"distill", ESP_OPTION_REAL, AT(distill), "0", 0, 1, NULL,
     "retraining: share a of the loss that the dense network of this run teaches, "
     "(1 - a) loss + a T^2 KL (Hinton et al. 2015); 0 = none"},
    {"temperature", ESP_OPTION_REAL, AT(temperature), "4", 0.1, 1000, NULL,
     "distill: the T that softens the answers of both networks"},
    {"regulariser", ESP_OPTION_CHOICE, AT(regulariser), "none", 0, 0, regulariser_name,
     "what pushes weights towards zero during the training before the first round of pruning"},
    {NULL, ESP_OPTION_INT, 0, NULL, 0, 0, NULL, NULL}};
