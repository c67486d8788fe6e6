/* Derivatives without calculus. */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

/* d f / d x[i] from f at x[i] + h and at x[i] - h; x is afterwards what it was, to the bit. */
double central_difference(double (*f)(const double *x), double *x, int i, double h);

/* |a - b| over the larger of |a| and |b|, and 0 where both are 0. */
double relative_error(double a, double b);

#endif
