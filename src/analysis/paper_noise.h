/* How far means of a few runs may be apart by chance. Internal to src/analysis. */
#ifndef ESP_ANALYSIS_PAPER_NOISE_H
#define ESP_ANALYSIS_PAPER_NOISE_H

/* The variance of a difference of means, added up mean by mean. Begins as {0}. */
typedef struct esp__noise {
  double variance, weights; /* weights: sum of variance^2 / freedom */
} esp__noise;

/* A mean of runs with that standard deviation. NAN runs, or one alone: the deviation is taken as
 * known, of one run. A NAN deviation makes the noise unknown. */
void esp__noise_add(esp__noise *n, double sd, double runs);
/* Half of the 95 % interval, by Student's t with Welch's degrees of freedom; NAN where it is
 * unknown. */
double esp__noise_band(const esp__noise *n);

#endif
