static void copy(int count, const number *x, number *y) {
  for (int i = 0; i < count; i++) y[i] = x[i];
}
