typedef struct linear {
  weights weights;
  ending ending;
  int inputs, outputs;
} linear;

/* The sum of the output of which w has the weights next. */
static total sum_row(const linear *k, weights *w, const number *x) {
  total sum = 0;
  for (int at = next_place(w, -1, k->inputs); at < k->inputs; at = next_place(w, at, k->inputs))
    sum = fused(next_value(w), x[at], sum);
  return sum;
}
