/* What the packed file's coder spends on masks and indices, beside their zeroth-order entropy:
 *
 *     pack FILE...
 *
 * A file of weights, packed or not: a row for each tensor of weights, and their sums. The floor of
 * a mask of n bits with k ones is n H(k / n); that of k indices into a table is k times the entropy
 * of their histogram. Tables, biases and norms are counted apart: they are no indices. */
#include "pack/tensor.h"

#include <espalier/pack.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In bits. */
typedef struct bill {
  double mask, mask_floor, values, values_floor, table;
  bool indices; /* the values stand as indices into a table, not as floats */
} bill;

static int by_value(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

/* n times the entropy of a histogram's share. */
static double bits_of(double count, double n) {
  return count > 0.0 ? count * log2(n / count) : 0.0;
}

/* Of sorted value[n]. */
static double histogram_bits(const float *value, size_t n) {
  double bits = 0.0;
  for (size_t i = 0, k; i < n; i = k) {
    for (k = i; k < n && value[k] == value[i];) k++;
    bits += bits_of((double)(k - i), (double)n);
  }
  return bits;
}

static bool floors_of(const float *value, size_t n, bill *b) {
  size_t kept = 0;
  float *there = malloc((n + 1) * sizeof *there);
  if (!there) return false;
  for (size_t i = 0; i < n; i++)
    if (value[i] != 0.0f) there[kept++] = value[i];
  qsort(there, kept, sizeof *there, by_value);
  b->mask_floor = bits_of((double)kept, (double)n) + bits_of((double)(n - kept), (double)n);
  b->values_floor = histogram_bits(there, kept);
  free(there);
  return true;
}

static bool coded(const esp_blob *t, esp__tensor_models *m, bill *b) {
  const double count_alone = 8.0; /* of a table's entries, if there are none */
  esp__coder c;
  esp__coder_encode(&c);
  bool good = esp__code_tensor(&c, m, t->shape, t->rank, NULL, t->data);
  good &= esp__coder_end(&c);
  b->mask = m->spent.mask;
  b->table = m->spent.table;
  b->values = m->spent.values;
  b->indices = b->table > count_alone;
  free(c.out);
  return good;
}

static void print_row(const char *name, const bill *b) {
  const double floor = b->mask_floor + (b->indices ? b->values_floor : 0.0),
               spent = b->mask + (b->indices ? b->values : 0.0);
  printf("%-28s %10.1f %10.1f %10.1f %10.1f %8.1f %8.4f\n", name, b->mask / 8, b->mask_floor / 8,
         b->indices ? b->values / 8 : 0.0, b->indices ? b->values_floor / 8 : 0.0, b->table / 8,
         floor > 0.0 ? spent / floor : 1.0);
}

static void add(bill *sum, const bill *b) {
  sum->mask += b->mask;
  sum->mask_floor += b->mask_floor;
  sum->table += b->table;
  if (!b->indices) return;
  sum->values += b->values;
  sum->values_floor += b->values_floor;
}

static bool print_file(const char *path) {
  static esp__tensor_models models;
  esp_bundle bundle;
  esp_error err;
  bill sum = {.indices = true};
  if (esp_weights_bundle_load(&bundle, path, &err) != ESP_OK) {
    fprintf(stderr, "pack: %s\n", err.text);
    return false;
  }
  printf("%s\n%-28s %10s %10s %10s %10s %8s %8s\n", path, "bytes of", "mask", "floor", "indices",
         "floor", "table", "ratio");
  bool good = true;
  for (int i = 0; good && i < bundle.blobs; i++) {
    const esp_blob *t = &bundle.blob[i];
    bill b;
    if (t->rank < 2 || t->dtype != ESP_F32) continue;
    good = floors_of(t->data, t->bytes / sizeof(float), &b) && coded(t, &models, &b);
    if (good) print_row(t->name, &b);
    if (good) add(&sum, &b);
  }
  if (good) print_row("all", &sum);
  if (!good) fprintf(stderr, "pack: %s: out of memory\n", path);
  esp_bundle_free(&bundle);
  return good;
}

int main(int argc, char **argv) {
  bool good = argc > 1;
  if (!good) fputs("usage: pack FILE...\n", stderr);
  for (int i = 1; i < argc; i++) good &= print_file(argv[i]);
  return good ? 0 : 2;
}
