typedef struct linear {
  weights weights;
  ending ending;
  int inputs, outputs;
} linear;

static void multiply(const linear *k, const float *x, const float *other, float *y) {
  weights w = k->weights;
  for (int o = 0; o < k->outputs; o++) {
    float sum = 0.0f;
    for (int at = next_place(&w, -1, k->inputs); at < k->inputs; at = next_place(&w, at, k->inputs))
      sum = fused(next_value(&w), x[at], sum);
    finish(&k->ending, o, 1, &sum, other ? other + o : NULL, y + o);
  }
}
