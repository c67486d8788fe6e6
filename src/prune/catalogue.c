#include "prune/catalogue.h"

#define TABLE(type, at, ...)                                                  \
  static const type *const at##_table[] = {__VA_ARGS__};                      \
  const type *at(size_t i) {                                                  \
    return i < sizeof at##_table / sizeof *at##_table ? at##_table[i] : NULL; \
  }

TABLE(esp_criterion, esp_criterion_at, &esp__criterion_magnitude, &esp__criterion_random,
      &esp__criterion_saliency, &esp__criterion_snip, &esp__criterion_gradient,
      &esp__criterion_taylor, &esp__criterion_fisher, &esp__criterion_movement,
      &esp__criterion_grasp, &esp__criterion_synflow, &esp__criterion_wanda, &esp__criterion_l1,
      &esp__criterion_l2, &esp__criterion_bn_scale, &esp__criterion_fpgm, &esp__criterion_apoz,
      &esp__criterion_activation, &esp__criterion_frequency, &esp__criterion_hrank,
      &esp__criterion_predictor)
TABLE(esp_structure, esp_structure_at, &esp__structure_weight, &esp__structure_n_m,
      &esp__structure_block, &esp__structure_filter, &esp__structure_channel,
      &esp__structure_neuron, &esp__structure_layer, &esp__structure_hybrid)
TABLE(esp_distribution, esp_distribution_at, &esp__distribution_global, &esp__distribution_uniform,
      &esp__distribution_erk, &esp__distribution_lamp, &esp__distribution_per_layer,
      &esp__distribution_genetic, &esp__distribution_swarm)
TABLE(esp_prune_schedule, esp_prune_schedule_at, &esp__prune_schedule_one_shot,
      &esp__prune_schedule_iterative, &esp__prune_schedule_cubic, &esp__prune_schedule_linear,
      &esp__prune_schedule_exponential, &esp__prune_schedule_list, &esp__prune_schedule_feedback)
TABLE(esp_dynamic, esp_dynamic_at, &esp__dynamic_surgery, &esp__dynamic_set, &esp__dynamic_rigl,
      &esp__dynamic_static, &esp__dynamic_dpf, &esp__dynamic_acdc, &esp__dynamic_granet,
      &esp__dynamic_topkast, &esp__dynamic_soft, &esp__dynamic_grow, &esp__dynamic_edge_popup,
      &esp__dynamic_soft_movement, &esp__dynamic_str)
TABLE(esp_regulariser, esp_regulariser_at, &esp__regulariser_l1, &esp__regulariser_group_lasso,
      &esp__regulariser_slimming, &esp__regulariser_admm, &esp__regulariser_l0)

const char *esp_prune_method_name(size_t i) {
  if (i == 0) return "none";
  const size_t criteria = sizeof esp_criterion_at_table / sizeof *esp_criterion_at_table;
  if (i <= criteria) return esp_criterion_at(i - 1)->name;
  const esp_dynamic *d = esp_dynamic_at(i - 1 - criteria);
  return d ? d->name : NULL;
}
