#include "rundir/kernels_csv.h"

#include "base/text_stream.h"

#include <stdlib.h>
#include <string.h>

/* ---- kernels.csv ---- */

const char esp__kernels_csv_header[] =
    "round,layer,pass,density,dense_ms,sparse_ms,kernels,reason\n";

static void print_ms(FILE *f, double seconds) {
  if (seconds > 0.0)
    fprintf(f, ",%.4g", 1e3 * seconds);
  else
    fputc(',', f);
}

esp_status esp__kernels_csv_record(esp__position *p, const esp_model *model, const esp_graph *graph,
                                   esp_error *err) {
  char *text = NULL;
  size_t bytes;
  esp_kernel_choice c;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the kernels");
  for (int i = 0; esp_graph_kernel_choice(graph, i, &c); i++) {
    fprintf(f, "%d,%s,%s,%.6g", p->stage, esp_model_layer(model, c.weight)->name,
            esp_propagation_name(c.pass), c.density);
    print_ms(f, c.dense);
    print_ms(f, c.sparse);
    fprintf(f, ",%s,%s\n", c.is_sparse ? "sparse" : "dense", esp_kernel_reason_text(c.reason));
  }
  esp_status status = fclose(f) == 0
                          ? esp__rows_append(&p->kernels, text, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the kernels");
  free(text);
  return status;
}

/* ---- the log ---- */

/* All passes of a graph, counted. */
typedef struct summary {
  int passes, sparse, too_dense, pruned, unmeasured;
  double sparse_time,
      dense_time; /* seconds of the measured passes that run sparse, and what dense ones took */
  esp_kernel_choice slowest; /* measured pass that stays dense; weight NULL: none does */
  uint64_t set;
} summary;

static void add(summary *s, const esp_kernel_choice *c) {
  s->passes++;
  s->sparse += c->is_sparse;
  s->too_dense += c->reason == ESP_TOO_DENSE;
  s->unmeasured += c->reason == ESP_UNMEASURED;
  s->pruned += c->density < 1.0;
  s->set = esp_key_of(s->set, c->is_sparse);
  if (c->is_sparse) {
    s->sparse_time += c->sparse;
    s->dense_time += c->dense;
  } else if (c->dense > s->slowest.dense) {
    s->slowest = *c;
  }
}

static void print_line(FILE *f, const summary *s, const esp_model *model) {
  if (s->sparse == 0)
    fprintf(f, "sparse kernels: none of %d passes", s->passes);
  else
    fprintf(f, "sparse kernels: %d of %d passes", s->sparse, s->passes);
  if (s->dense_time > 0.0)
    fprintf(f, ", %.3g ms a step instead of %.3g", 1e3 * s->sparse_time, 1e3 * s->dense_time);
  if (s->too_dense > 0) fprintf(f, "; %d too dense to try", s->too_dense);
  if (s->slowest.weight)
    fprintf(f, "; the longest that stays dense: %s %s (%.3g ms, sparse %.3g)",
            esp_model_layer(model, s->slowest.weight)->name, esp_propagation_name(s->slowest.pass),
            1e3 * s->slowest.dense, 1e3 * s->slowest.sparse);
}

bool esp__kernels_csv_news(const esp_model *model, const esp_graph *graph, int stage,
                           esp__kernels_csv_said *said, char line[ESP_KERNELS_CSV_LINE]) {
  summary s = {0};
  esp_kernel_choice c;
  for (int i = 0; esp_graph_kernel_choice(graph, i, &c); i++) add(&s, &c);
  if (s.pruned == 0 || s.unmeasured > 0) return false;
  if (said->anything && said->stage == stage && said->set == s.set) return false;
  *said = (esp__kernels_csv_said){true, stage, s.set};
  FILE *f = fmemopen(line, ESP_KERNELS_CSV_LINE, "w");
  if (!f) return false;
  print_line(f, &s, model);
  return fclose(f) == 0;
}
