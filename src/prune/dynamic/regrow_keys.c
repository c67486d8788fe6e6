/* How many weights move in a mask change. */
#include "base/mathx.h"
#include "prune/dynamic/regrow.h"

#include <string.h>

static const char *schedule_name(size_t i) {
  static const char *const names[] = {"auto", "constant", "cosine"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const esp_option table[] = {
    {"drop_fraction", ESP_OPTION_REAL, offsetof(esp__regrow_options, drop_fraction), "0.3", 0, 1,
     NULL,
     "set, rigl, granet: share of a layer's weights that move in the first mask change; grow: "
     "share of the units that goes when the loss stalls, half of what comes"},
    {"drop_schedule", ESP_OPTION_CHOICE, offsetof(esp__regrow_options, drop_schedule), "auto", 0, 0,
     schedule_name,
     "set, rigl, granet: whether that share stays (constant) or falls along half a cosine, to "
     "nothing in the last change; auto: as the method's paper has it, set constant, rigl and "
     "granet cosine"},
    {.name = NULL}};
const esp_method_keys esp__regrow_keys = {table, sizeof(esp__regrow_options), .after = "ramps"};

double esp__drop_fraction(const esp_pruner *p) {
  const esp__regrow_options *o = esp_prune_keys(p->opt, &esp__regrow_keys);
  return o->drop_fraction;
}

double esp__moving_share(const esp_pruner *p, double t, bool falls) {
  const esp__regrow_options *o = esp_prune_keys(p->opt, &esp__regrow_keys);
  if (strcmp(o->drop_schedule, "auto") != 0) falls = strcmp(o->drop_schedule, "cosine") == 0;
  if (!falls) return o->drop_fraction;
  return o->drop_fraction * 0.5 * (1.0 + esp__cos(3.14159265358979323846 * t));
}
