static void multiply(const linear *k, const number *x, number *y) {
  weights w = k->weights;
  for (int o = 0; o < k->outputs; o++) {
    const total sum = sum_row(k, &w, x);
    finish(&k->ending, o, 1, &sum, y + o);
  }
}
