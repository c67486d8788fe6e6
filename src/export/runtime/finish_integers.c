static void finish(const ending *e, int o, int count, const total *sum, number *y) {
  const factor f = {e->multiplier[o], e->shift[o]};
  for (int i = 0; i < count; i++) y[i] = rescaled(&f, biased(e, o, sum[i]), e->low);
}
