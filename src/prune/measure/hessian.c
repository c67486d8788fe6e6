/* The Hessian of the loss times its gradient. */
#include "autograd/hessian.h"

#include "prune/measure/criterion_inputs.h"

typedef struct passes {
  esp__hessian *hessian;
  double temperature;
} passes;

static void gradient(esp_graph *g, const void *with) {
  const passes *p = with;
  esp__graph_backward_tempered(g, p->temperature);
}

static void product(esp_graph *g, const void *with) {
  const passes *p = with;
  (void)g;
  esp__hessian_backward(p->hessian, p->temperature);
}

/* The direction: the gradient of the weights that are there. */
static void head_for(const esp__hessian *h, const esp_model *m) {
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    float *to = esp__hessian_direction(h, p);
    for (size_t i = 0; to && i < p->count; i++)
      to[i] = !p->mask || p->mask->keep[i] ? p->grad[i] : 0.0f;
  }
}

esp_status esp__check_hessian(const esp_graph *g, esp_error *err) {
  const char *lacks = esp__hessian_lacks(g);
  if (!lacks) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] method = grasp: this network has '%s', which has no second derivative "
                  "here; expected a network without, or another method",
                  lacks);
}

esp_status esp__measure_hessian(const esp_model *m, const esp_probe *probe, double temperature,
                                esp_error *err) {
  passes with = {.temperature = temperature};
  ESP_TRY(esp__check_hessian(probe->graph, err));
  ESP_TRY(esp__hessian_new(&with.hessian, probe->graph, err));
  esp_status status = esp__measure_mean(m, probe, gradient, &with, err);
  if (status == ESP_OK) {
    head_for(with.hessian, m);
    status = esp__measure_mean(m, probe, product, &with, err);
  }
  esp__hessian_free(with.hessian);
  return status;
}
