/* The logits of a convolution that makes planes of one pixel; `real` is what an integer of each
 * stands for. */
static void answer(const convolution *k, const float *real, const number *x, float *logits) {
  weights w = k->weights;
  for (int o = 0; o < k->outputs; o++) {
    total sum;
    sum_output(k, &w, o, x, &sum);
    logits[o] = (float)biased(&k->ending, o, sum) * real[o];
  }
}
