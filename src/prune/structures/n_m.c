#include "prune/catalogue.h"
#include "prune/pruner.h"
#include "base/select.h"

#include <math.h>

enum { M_MAX = 64 };

typedef struct n_m_options {
  int64_t n, m; /* n weights stay of every m */
} n_m_options;
static const esp_option table[] = {
    {"n", ESP_OPTION_INT, offsetof(n_m_options, n), "2", 1, 63, NULL,
     "structure n:m: weights that stay of every m"},
    {"m", ESP_OPTION_INT, offsetof(n_m_options, m), "4", 2, 64, NULL,
     "structure n:m: weights, one after the other along a layer's inputs, of which n stay"},
    {.name = NULL}};
static const esp_method_keys n_m_keys = {table, sizeof(n_m_options), .after = "structures"};

static esp_status check(const esp_prune_options *opt, esp_error *err) {
  const n_m_options *o = esp_prune_keys(opt, &n_m_keys);
  const double sparsity = 1.0 - (double)o->n / (double)o->m;
  if (o->n >= o->m || fabs(opt->sparsity - sparsity) <= 1e-3) return ESP_OK; /* see cover */
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] sparsity = %g with structure = n:m: %d of every %d weights stay, "
                  "expected sparsity = %g",
                  opt->sparsity, (int)o->n, (int)o->m, sparsity);
}

/* Whole groups only: other layers are left dense. */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  const n_m_options *o = esp_prune_keys(p->opt, &n_m_keys);
  const int n = (int)o->n, m = (int)o->m;
  if (n >= m) return esp_fail(err, ESP_ERR_INPUT, "[prune] n = %d, m = %d: expected n < m", n, m);
  for (int i = 0; i < p->model->layers; i++) {
    const esp_layer *l = &p->model->layer[i];
    p->left_dense[i] |= layers[i] && l->weight->shape[1] % m != 0;
    if (!layers[i] || p->left_dense[i]) continue;
    ESP_TRY(esp_ranking_pool_new(p, &esp__structure_n_m, l, l->weight->count, err));
    ESP_TRY(
        esp_ranking_pool_add(p, (esp_slice){l->weight, l->weight->count, 1, NULL, true, 0}, err));
  }
  return ESP_OK;
}

/* Of w[o][m j .. m j + m - 1][k] the n with the best scores stay; on the way there more of them. */
static void choose(esp_pruner *p, const esp_ranking_pool *pool, double progress) {
  const n_m_options *o = esp_prune_keys(p->opt, &n_m_keys);
  const size_t m = (size_t)o->m, inputs = (size_t)pool->weight->shape[1];
  const size_t kernel = pool->weight->count / inputs / (size_t)pool->weight->shape[0];
  const size_t stay = m - (size_t)nearbyint(progress * (double)(o->m - o->n));
  float score[M_MAX];
  uint8_t keep[M_MAX];
  for (size_t group = 0; group < pool->units / m; group++) {
    const size_t base = pool->first + group / kernel * m * kernel + group % kernel;
    size_t room = 0;
    for (size_t k = 0; k < m; k++) room += (score[k] = p->score[base + k * kernel]) > -INFINITY;
    esp__select_top(score, m, stay < room ? stay : room, keep);
    for (size_t k = 0; k < m; k++) p->keep[base + k * kernel] = keep[k];
  }
}

const esp_structure esp__structure_n_m = {
    .name = "n:m",
    .help =
        "n weights stay of every m along the inputs, such as 2:4; "
        "sparsity = 1 - n / m (Mishra et al. 2021)",
    .keys = {&n_m_keys},
    .check = check,
    .cover = cover,
    .choose = choose,
};
