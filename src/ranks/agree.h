/* What processes agree on. */
#ifndef ESP_RANKS_AGREE_H
#define ESP_RANKS_AGREE_H

#include "ranks/ranks.h"

/* Together: whether all are well so far. Where some are not, all fail as the first of those does,
 * whose rank the message names, unless all say the same. `status` and *err are this process's; NULL
 * is this process alone. */
esp_status esp__ranks_agree(esp_ranks *r, esp_status status, esp_error *err);
/* Together, before anything else: fails unless all are the same version of Espalier, and names the
 * first that is another than rank 0. */
esp_status esp__ranks_check_version(esp_ranks *r, esp_error *err);
/* Together: what all have at `own`, by rank; newly allocated, NULL without memory. */
void *esp__ranks_gather_equal(esp_ranks *r, const void *own, size_t bytes);

#endif
