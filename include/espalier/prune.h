/* Pruning: who decides which weights exist, and when. All of it; each header can be read alone. */
#ifndef ESP_PRUNE_H
#define ESP_PRUNE_H

#include <espalier/linkage.h>
#include <espalier/prune_method.h>  /* criteria, structures, ..., and adding more of them */
#include <espalier/prune_options.h> /* [prune], and the keys that methods own */
#include <espalier/prune_units.h>   /* units, scores and masks, as methods see them */
#include <espalier/pruner.h>        /* making a pruner, its rounds and steps, what it holds */
#include <espalier/shrink.h>        /* a smaller network without what is pruned */

ESP_BEGIN_DECLS
ESP_END_DECLS

#endif
