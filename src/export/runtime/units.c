/* Outputs become targets, in place. */
static void give_units(int count, const double *mean, const double *std, float *target) {
  for (int i = 0; i < count; i++) {
    volatile double spread = (double)target[i] * std[i];
    target[i] = (float)(spread + mean[i]);
  }
}
