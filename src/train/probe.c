#include <espalier/train.h>

static const esp_batch *next(void *images) {
  esp_probe_images *s = images;
  if (s->done == 0) esp_loader_start(s->loader, s->epoch, 0);
  const esp_batch *batch = s->done < s->batches ? esp_loader_next(s->loader) : NULL;
  s->done = batch ? s->done + 1 : 0;
  return batch;
}

esp_probe esp_train_probe(const esp_trainer *t, esp_probe_images *s, uint64_t epoch,
                          int64_t batches) {
  *s = (esp_probe_images){t->loader, epoch, batches, 0};
  const esp_pass pass = {
      .training = t->pruner && esp_pruner_at_init(t->pruner),
      .dropout_key = esp_key_of(esp_key_of(t->seed, ESP_STREAM_DROPOUT), UINT64_MAX),
      .dense_gradients = true,
  };
  return (esp_probe){t->graph, pass, next, s};
}

static const esp_batch *next_own(void *images, int turn) {
  esp_probe_images *s = images;
  const int rank = esp_ranks_rank(s->ranks), ranks = esp_ranks_count(s->ranks);
  if (turn == 0) esp_loader_start_every(s->loader, s->epoch, rank, ranks);
  return (int64_t)turn * ranks + rank < s->batches ? esp_loader_next(s->loader) : NULL;
}

esp_probe esp_train_probe_in_turns(const esp_trainer *t, esp_probe_images *s, uint64_t epoch,
                                   int64_t batches, esp_ranks *ranks) {
  esp_probe probe = esp_train_probe(t, s, epoch, batches);
  probe.ranks = s->ranks = ranks;
  probe.next_own = next_own;
  return probe;
}

void esp_recalibrate(const esp_trainer *t, uint64_t epoch, int64_t batches) {
  esp_probe_images images;
  esp_probe probe = esp_train_probe(t, &images, epoch, batches);
  const esp_batch *batch;
  probe.pass.training = true;
  esp_params_swap_average(&t->model->params);
  while ((batch = probe.next(probe.images))) esp_graph_forward(t->graph, batch, probe.pass);
  esp_params_swap_average(&t->model->params);
}
