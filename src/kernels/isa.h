/* The instruction sets that kernels are built for, and the choice among them. */
#ifndef ESP_KERNELS_ISA_H
#define ESP_KERNELS_ISA_H

#include <stddef.h>

/* The names of the sets this build has and this CPU can run, from the plainest to the best; NULL
 * after the last. */
const char *esp__isa_at(size_t i);
/* The one that ESPALIER_ISA names, if it is one of them; else the best. */
const char *esp__isa_chosen(void);

#endif
