/* multiplier / 2^shift */
typedef struct factor {
  int32_t multiplier;
  int shift;
} factor;

static number rescaled(const factor *f, total sum, int low) {
  return rounded((int64_t)sum * f->multiplier, f->shift, low);
}
