/* The arithmetic peak: independent fused multiply-adds in registers, on every thread at once. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* `rounds` rounds of 12 to 24 multiply-adds; returns how many floating-point operations that was.
 * One per instruction set. */
typedef double peak_function(long rounds, float *sink);
peak_function peak_scalar, peak_avx2, peak_avx512, peak_neon;

/* GF/s of `threads` threads together, the best of several. */
double peak_measure(peak_function *f, int threads);
/* The function for an instruction set by name. */
peak_function *peak_find(const char *isa);

#endif
