/* exp(x): x = n ln 2 + r, a polynomial in r, and n goes into the exponent. */
static float exponential(float x) {
  const float given = x, rounder = 12582912.0f;
  x = x > -87.0f ? x : -87.0f;
  x = x < 88.0f ? x : 88.0f;
  const float n = (times(x, 1.44269504088896341f) + rounder) - rounder;
  const float r = (x - times(n, 0.693359375f)) + times(n, 2.12194440e-4f);
  float p = 1.9875691500e-4f, power;
  p = times(p, r) + 1.3981999507e-3f;
  p = times(p, r) + 8.3334519073e-3f;
  p = times(p, r) + 4.1665795894e-2f;
  p = times(p, r) + 1.6666665459e-1f;
  p = times(p, r) + 5.0000001201e-1f;
  p = times(times(p, r), r) + r + 1.0f;
  const int32_t bits = ((int32_t)n + 127) * (1 << 23);
  memcpy(&power, &bits, sizeof power);
  return given == given ? p * power : given;
}
