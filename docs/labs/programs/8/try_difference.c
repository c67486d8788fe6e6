/* Trials of difference.c, on numbers that are exact in binary. */
#include "difference.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double cubic(const double *x) {
  return x[0] * x[0] * x[0] + x[0] * x[1];
}

static void verdict(const char *name, int right, const char *hint) {
  printf("difference.c, %s: %s%s\n", name, right ? "right" : "wrong: ", right ? "" : hint);
}

int main(void) {
  double x[] = {1, 3};
  /* 3 x0^2 + x1, and h^2 too much */
  verdict("central_difference", central_difference(cubic, x, 0, 0.5) == 6.25,
          "two values of f, 2 h apart; which x[i] moves, and by how much?");
  verdict("the other variable", central_difference(cubic, x, 1, 0.5) == 1, "it is x[i] that moves");
  verdict("x afterwards", x[0] == 1 && x[1] == 3,
          "adding h and taking it away again is not always the same; keep what was there");
  verdict("relative_error", relative_error(1, 4) == 0.75 && relative_error(4, 1) == 0.75,
          "over the larger of the two");
  verdict("signs", relative_error(-4, 1) == 1.25 && relative_error(-1, -4) == 0.75,
          "absolute values, above and below the line");
  verdict("zeros", relative_error(0, 0) == 0, "0 over 0 is not a number");
}
