#include "run/start.h"

#include "train/skip.h"

#include <espalier/pack.h>

#include <string.h>

static const char *skip_of(const esp_run *r) {
  return r->config.model.weights_skip ? r->config.model.weights_skip : "";
}

static bool takes_head(const esp_run *r) {
  const esp_model *m = r->model;
  return m->layers > 0 && !esp__is_skipped(m, skip_of(r), m->layer[m->layers - 1].weight);
}

/* What can be done where the head is another one. */
static const char advice[] =
    "model.weights_skip = last leaves the last layer as it is drawn, for other classes";

/* Whether the message is about the weights of the last layer. */
static bool is_head(const esp_run *r, const char *message) {
  char tensor[ESP_NAME_MAX + 2];
  snprintf(tensor, sizeof tensor, "'%s'", r->model->layer[r->model->layers - 1].weight->name);
  return strstr(message, tensor) != NULL;
}

esp_status esp__run_load_weights(esp_run *r, const char *path, esp_error *err) {
  esp_error why = {0};
  const esp_status status =
      esp_weights_load_except(r->model, path, r->config.model.weight_names, skip_of(r), &why);
  if (status == ESP_OK) return ESP_OK;
  const bool head = status == ESP_ERR_INPUT && takes_head(r) && is_head(r, why.text);
  return esp_fail(err, status, "%s%s%s", why.text, head ? "; " : "", head ? advice : "");
}

/* The first line in which two lists differ. */
static void find_difference(const char **a, const char **b) {
  for (size_t n; (n = strcspn(*a, "\n")) == strcspn(*b, "\n") && strncmp(*a, *b, n) == 0 && **a;) {
    *a += n + ((*a)[n] == '\n');
    *b += n + ((*b)[n] == '\n');
  }
}

esp_status esp__run_check_classes(const esp_run *r, const char *path, esp_error *err) {
  esp_bundle b = {0};
  if (!takes_head(r)) return ESP_OK;
  ESP_TRY(esp_weights_bundle_load(&b, path, err));
  const char *there = esp_bundle_text(&b, "espalier.classes"), *here = r->classes;
  esp_status status = ESP_OK;
  if (there && strcmp(there, here) != 0) {
    find_difference(&there, &here);
    status =
        esp_fail(err, ESP_ERR_INPUT,
                 "[model] weights: the network in %.200s has the class '%.*s' where the data "
                 "have '%.*s'; expected the same classes in the same order; %s",
                 path, (int)strcspn(there, "\n"), there, (int)strcspn(here, "\n"), here, advice);
  }
  esp_bundle_free(&b);
  return status;
}
