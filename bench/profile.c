#include "profile.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { KINDS_MAX = 32 };

/* Seconds of all operations of a kind. */
typedef struct kinds {
  esp_cost kind[KINDS_MAX];
  int count;
} kinds;

static void add(kinds *k, const esp_cost *c) {
  int i = 0;
  while (i < k->count && strcmp(k->kind[i].operation, c->operation) != 0) i++;
  if (i == KINDS_MAX) i--; /* more kinds than there are: they share the last row */
  if (i == k->count) k->kind[k->count++] = (esp_cost){.operation = c->operation};
  for (int p = 0; p < ESP_PROPAGATIONS; p++) k->kind[i].seconds[p] += c->seconds[p];
}

static double sum_of(const esp_cost *c) {
  double sum = 0.0;
  for (int p = 0; p < ESP_PROPAGATIONS; p++) sum += c->seconds[p];
  return sum;
}

static void print_row(const char *name, double ms, double whole) {
  printf("%-16s %32s %10.3f %7.1f\n", name, "", ms, 100.0 * ms / whole);
}

static void print_kind(const esp_cost *c, double scale, double whole) {
  printf("%-16s", c->operation);
  for (int p = 0; p < ESP_PROPAGATIONS; p++) printf(" %10.3f", scale * c->seconds[p]);
  printf(" %10.3f %7.1f\n", scale * sum_of(c), 100.0 * scale * sum_of(c) / whole);
}

esp_status profile_print(esp_graph *graph, void (*step)(void *data), void *data, int repeats,
                         esp_error *err) {
  kinds k = {.count = 0};
  esp_cost c;
  double inside = 0.0;
  step(data);
  ESP_TRY(esp_graph_profile(graph, true, err));
  const double start = esp__seconds();
  for (int i = 0; i < repeats; i++) step(data);
  const double scale = 1e3 / repeats, whole = scale * (esp__seconds() - start);
  ESP_TRY(esp_graph_profile(graph, false, err));
  for (int i = 0; esp_graph_cost(graph, i, &c); i++) add(&k, &c);
  printf("%-16s", "ms a step");
  for (int p = 0; p < ESP_PROPAGATIONS; p++)
    printf(" %10s", esp_propagation_name((esp_propagation)p));
  printf(" %10s %7s\n", "sum", "%");
  for (int i = 0; i < k.count; i++) {
    inside += scale * sum_of(&k.kind[i]);
    print_kind(&k.kind[i], scale, whole);
  }
  print_row("optimiser", whole - inside, whole);
  print_row("whole", whole, whole);
  return ESP_OK;
}
