/* log(x) of an ordinary number above 0: x = 2^n m, and log m = 2 atanh((m - 1) / (m + 1)). */
static double logarithm(double x) {
  const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10,
               root_half = 0.70710678118654752440;
  const uint64_t one = (uint64_t)1023 << 52;
  uint64_t bits, least;
  double m, sum = 0.0;
  memcpy(&bits, &x, sizeof bits);
  memcpy(&least, &root_half, sizeof least);
  const int biased = (int)((bits + one - least) >> 52);
  bits += one - ((uint64_t)biased << 52);
  memcpy(&m, &bits, sizeof m);
  const double n = (double)(biased - 1023), t = (m - 1.0) / (m + 1.0), t2 = product(t, t);
  for (int k = 21; k >= 1; k -= 2) sum = 1.0 / k + product(sum, t2);
  return product(n, ln2_high) + (product(n, ln2_low) + product(2.0 * t, sum));
}
