#include "rundir/counts.h"

#include <math.h>

void esp__result_count(esp__result *r, const esp_model *model, const esp_graph *graph,
                       const esp_pruner *pruner) {
  r->params = r->params_nonzero = r->weights = r->weights_nonzero = 0;
  for (int i = 0; i < model->params.count; i++) {
    const esp_param *p = model->params.item[i];
    if (!esp_param_trains(p)) continue;
    const int64_t nonzero = (int64_t)esp_param_nonzero(p);
    r->params += (int64_t)p->count;
    r->params_nonzero += nonzero;
    if (!esp_param_prunable(p)) continue;
    r->weights += (int64_t)p->count;
    r->weights_nonzero += nonzero;
  }
  r->macs = esp_graph_macs(graph, false);
  r->macs_effective = esp_graph_macs(graph, true);
  const esp_pruned count = pruner ? esp_pruner_count(pruner) : (esp_pruned){0, 0};
  r->pruned = (int64_t)count.pruned;
  r->units = (int64_t)count.units;
}

double esp__result_sparsity(const esp__result *r) {
  return esp_share_of(r->pruned, r->units);
}

/* ---- the row ---- */

#define FIELD(member, format) \
  { .name = #member, offsetof(esp_round, member), ESP_JSON_MEASURE, .csv = format }
const esp__json_field esp__round_fields[] = {
    {.name = "round", offsetof(esp_round, round), ESP_JSON_SMALL, .csv = "%d"},
    FIELD(sparsity_requested, "%.6g"),
    FIELD(sparsity, "%.6g"),
    FIELD(sparsity_network, "%.6g"),
    FIELD(density, "%.6g"),
    FIELD(compression, "%.6g"),
    FIELD(params, "%.0f"),
    FIELD(params_nonzero, "%.0f"),
    FIELD(weights, NULL),
    FIELD(weights_nonzero, NULL),
    FIELD(bytes, "%.0f"),
    FIELD(macs, "%.0f"),
    FIELD(macs_effective, "%.0f"),
    FIELD(validation_quality_before, "%.6g"),
    FIELD(validation_loss_before, "%.6g"),
    FIELD(test_quality_before, "%.6g"),
    FIELD(test_loss_before, "%.6g"),
    FIELD(validation_quality, "%.6g"),
    FIELD(validation_loss, "%.6g"),
    FIELD(test_quality, "%.6g"),
    FIELD(test_top5, "%.6g"),
    FIELD(test_loss, "%.6g"),
    FIELD(recovery, "%.6g"),
    FIELD(milliseconds_per_image, "%.6g"),
    FIELD(train_images_per_second, "%.1f"),
    FIELD(seconds, "%.2f"),
    FIELD(macs_executed, "%.0f"),
    FIELD(macs_executed_share, NULL),
    FIELD(macs_executed_least, NULL),
    FIELD(macs_executed_most, NULL),
    FIELD(layers_guarded, NULL),
    FIELD(mask_changes, NULL),
    FIELD(weights_moved, NULL),
    {.name = NULL},
};

static double measured(const esp_metrics *m, double value) {
  return m->count > 0 ? value : (double)NAN;
}

static double quality_of(const esp_metrics *m) {
  return measured(m, esp_metrics_quality(m));
}

static double loss_of(const esp_metrics *m) {
  return measured(m, esp_metrics_loss(m));
}

double esp__recovery(double quality, double dense) {
  return dense > 0.0 ? quality / dense : (double)NAN;
}

static void fill_executed(esp_round *row, const esp__result *r) {
  const double mean = esp_dynamic_macs_mean(&r->executed);
  const bool counted = r->executed.images > 0;
  row->macs_executed = counted ? mean : (double)NAN;
  row->macs_executed_share = counted ? (r->macs > 0.0 ? mean / r->macs : 0.0) : (double)NAN;
  row->macs_executed_least = counted ? (double)r->executed.least : (double)NAN;
  row->macs_executed_most = counted ? (double)r->executed.most : (double)NAN;
}

esp_round esp__result_row(const esp__result *r, const esp__result *dense) {
  esp_round row = {
      .round = r->round,
      .sparsity_requested = r->requested,
      .sparsity = esp__result_sparsity(r),
      .sparsity_network = r->weights > 0 ? 1.0 - esp_share_of(r->weights_nonzero, r->weights) : 0.0,
      .density = esp_share_of(r->weights_nonzero, r->weights),
      .compression = esp_share_of(r->weights, r->weights_nonzero),
      .params = (double)r->params,
      .params_nonzero = (double)r->params_nonzero,
      .weights = (double)r->weights,
      .weights_nonzero = (double)r->weights_nonzero,
      .bytes = r->packed_bytes,
      .macs = r->macs,
      .macs_effective = r->macs_effective,
      .validation_quality_before = quality_of(&r->validation_before),
      .validation_loss_before = loss_of(&r->validation_before),
      .test_quality_before = quality_of(&r->test_before),
      .test_loss_before = loss_of(&r->test_before),
      .validation_quality = quality_of(&r->validation),
      .validation_loss = loss_of(&r->validation),
      .test_quality = quality_of(&r->test),
      .test_top5 =
          r->test.targets > 0 ? (double)NAN : measured(&r->test, esp_metrics_top5(&r->test)),
      .test_loss = loss_of(&r->test),
      .recovery = esp__recovery(quality_of(&r->test), dense ? quality_of(&dense->test) : 0.0),
      .milliseconds_per_image = measured(&r->test, 1e3 * r->test.seconds / (double)r->test.count),
      .train_images_per_second = r->seconds > 0.0 ? (double)r->images / r->seconds : 0.0,
      .seconds = r->seconds,
      .layers_guarded = r->guarded,
      .mask_changes = (double)r->mask_changes,
      .weights_moved = (double)r->weights_moved,
  };
  fill_executed(&row, r);
  return row;
}
