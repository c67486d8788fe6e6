/* Included before every source of the gradient checks: the engine again, in double precision.
 *
 * Central differences of a float network are too coarse to tell a wrong gradient from rounding. The
 * system headers come first, so that only the project's own `float` turns into `double`. */
#ifndef DOUBLE_H
#define DOUBLE_H

#include <check.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define float double
#define sqrtf sqrt
#define fabsf fabs
#define expf exp
#define logf log
#define fmaxf fmax
#define fminf fmin
/* Rounding once or twice is the same to a gradient check, and this needs no instruction of its
 * own. */
#define fmaf(a, b, c) ((a) * (b) + (c))

#endif
