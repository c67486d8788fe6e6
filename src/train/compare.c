#include <espalier/train.h>

#include <math.h>

enum { BATCH = 128 };

static void add(esp_logit_difference *d, const esp_graph *a, const esp_graph *b, int images) {
  const esp_value *x = esp_graph_output(a), *y = esp_graph_output(b);
  for (int i = 0; i < images; i++)
    for (int c = 0; c < esp_value_shape(x).channels; c++) {
      const double p = (double)esp_value_at(x, i, c, 0, 0), q = (double)esp_value_at(y, i, c, 0, 0);
      const double apart = p == q ? 0.0 : fabs(p - q);
      if (isnan(apart) || apart > d->largest)
        d->largest = apart; /* once not a number, it stays so */
      if (isfinite(p)) d->logit = fmax(d->logit, fabs(p));
    }
  d->images += images;
}

esp_status esp_compare(esp_model *a, esp_model *b, const esp_dataset *set, esp_logit_difference *d,
                       esp_error *err) {
  esp_graph *g = NULL, *h = NULL;
  esp_loader *loader = NULL;
  const esp_batch *batch;
  *d = (esp_logit_difference){0};
  esp_status status = esp_model_graph(a, BATCH, false, (esp_loss_attr){0}, &g, err);
  if (status == ESP_OK) status = esp_model_graph(b, BATCH, false, (esp_loss_attr){0}, &h, err);
  if (status == ESP_OK)
    status = esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = BATCH}, err);
  if (status == ESP_OK) {
    esp_loader_start(loader, 0, 0);
    while ((batch = esp_loader_next(loader))) {
      esp_graph_forward(g, batch, (esp_pass){0});
      esp_graph_forward(h, batch, (esp_pass){0});
      add(d, g, h, batch->count);
    }
  }
  esp_loader_free(loader);
  esp_graph_free(g);
  esp_graph_free(h);
  return status;
}
