/* A complex Fourier transform of half of `size`, in place, of numbers in reversed order:
 * butterflies of spans 2, 4, 8, ... */
static void transform(int size, const double *cosine, const double *sine, double *re, double *im) {
  for (int span = 2; span <= size / 2; span *= 2)
    for (int first = 0; first < size / 2; first += span)
      for (int k = 0; k < span / 2; k++) {
        const int a = first + k, b = a + span / 2;
        const double c = cosine[k * (size / span)], s = sine[k * (size / span)];
        const double x = product(c, re[b]) + product(s, im[b]),
                     y = product(c, im[b]) - product(s, re[b]);
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
}

/* |X_k|^2 of real samples whose even ones were the real parts of a transform of half of `size`, and
 * odd ones its imaginary parts. */
static double power_at(int k, int size, const double *cosine, const double *sine, const double *re,
                       const double *im) {
  const int half = size / 2, other = k ? half - k : 0;
  if (k == half) return product(re[0] - im[0], re[0] - im[0]);
  const double even_re = 0.5 * (re[k] + re[other]), even_im = 0.5 * (im[k] - im[other]),
               odd_re = 0.5 * (im[k] + im[other]), odd_im = -0.5 * (re[k] - re[other]);
  const double a = even_re + product(cosine[k], odd_re) + product(sine[k], odd_im),
               b = even_im + product(cosine[k], odd_im) - product(sine[k], odd_re);
  return product(a, a) + product(b, b);
}
