static void relu(int count, const number *x, number *y) {
  for (int i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}
