/* Counts every allocation of the program. To be linked with --wrap for malloc, calloc, realloc and
 * aligned_alloc: the linker then sends them all through here. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

extern int allocations;

#endif
