static void rescale(int count, const factor *f, const number *x, number *y) {
  for (int i = 0; i < count; i++) y[i] = rescaled(f, x[i], -127);
}
