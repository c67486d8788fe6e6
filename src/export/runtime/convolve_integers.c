/* The sums of an output are made in `room`. */
static void convolve(const convolution *k, const number *x, number *y, total *room) {
  weights w = k->weights;
  const int count = k->rows * k->columns;
  for (int o = 0; o < k->outputs; o++) {
    sum_output(k, &w, o, x, room);
    finish(&k->ending, o, count, room, y + o * count);
  }
}
