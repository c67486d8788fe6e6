/* The logits; `real` is what an integer of each stands for. */
static void answer(const linear *k, const float *real, const number *x, float *logits) {
  weights w = k->weights;
  for (int o = 0; o < k->outputs; o++)
    logits[o] = (float)biased(&k->ending, o, sum_row(k, &w, x)) * real[o];
}
