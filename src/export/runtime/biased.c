static total biased(const ending *e, int o, total sum) {
  return e->bias ? sum + e->bias[o] : sum;
}
