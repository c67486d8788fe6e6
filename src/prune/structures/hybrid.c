#include "prune/catalogue.h"
#include "prune/hybrid.h"

static const esp_option table[] = {
    {"structures", ESP_OPTION_LINES, offsetof(esp__hybrid_options, structures), "", 0, 0, NULL,
     "structure hybrid: a line 'pattern structure' each; the last that matches a layer counts, "
     "the others stay dense"},
    {.name = NULL}};
const esp_method_keys esp__hybrid_keys = {table, sizeof(esp__hybrid_options), .after = "layers"};

/* It covers nothing by itself: the pruner asks the structures that the lines name
 * (prune/hybrid.c). */
const esp_structure esp__structure_hybrid = {
    .name = "hybrid",
    .help =
        "a structure for each layer, as the key structures lists, a line 'pattern structure' each",
    .keys = {&esp__hybrid_keys},
};
