/* The instruction sets that kernels are built for, and the choice among them. */
#ifndef ESP_KERNELS_ISA_H
#define ESP_KERNELS_ISA_H

#include <stddef.h>

/* The names of the sets this build has and this CPU can run, from the plainest to the best; NULL
 * after the last. */
const char *esp__isa_at(size_t i);
/* The one that ESPALIER_ISA names, if it is one of them; else the best. */
const char *esp__isa_chosen(void);

/* The same of sets for products of bytes: those, and behind each its variant with instructions of
 * their own for dot products, such as avx512vnni. Where ESPALIER_ISA names a variant,
 * esp__isa_chosen is the set that it belongs to. */
const char *esp__isa_dots_at(size_t i);
const char *esp__isa_dots_chosen(void);

#endif
