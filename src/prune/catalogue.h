/* Every entry of the pruning catalogue. Adding one: its file, a line here, a line in
 * catalogue.c. */
#ifndef ESP_PRUNE_CATALOGUE_H
#define ESP_PRUNE_CATALOGUE_H

#include <espalier/prune.h>

extern const esp_criterion esp__criterion_magnitude, esp__criterion_random, esp__criterion_saliency,
    esp__criterion_snip, esp__criterion_gradient, esp__criterion_taylor, esp__criterion_fisher,
    esp__criterion_movement, esp__criterion_grasp, esp__criterion_synflow, esp__criterion_wanda,
    esp__criterion_l1, esp__criterion_l2, esp__criterion_bn_scale, esp__criterion_fpgm,
    esp__criterion_apoz, esp__criterion_activation, esp__criterion_frequency, esp__criterion_hrank,
    esp__criterion_predictor;
extern const esp_structure esp__structure_weight, esp__structure_n_m, esp__structure_block,
    esp__structure_filter, esp__structure_channel, esp__structure_neuron, esp__structure_layer,
    esp__structure_hybrid;
extern const esp_distribution esp__distribution_global, esp__distribution_uniform,
    esp__distribution_erk, esp__distribution_lamp, esp__distribution_per_layer,
    esp__distribution_genetic, esp__distribution_swarm;
extern const esp_prune_schedule esp__prune_schedule_one_shot, esp__prune_schedule_iterative,
    esp__prune_schedule_cubic, esp__prune_schedule_linear, esp__prune_schedule_exponential,
    esp__prune_schedule_list, esp__prune_schedule_feedback;
extern const esp_dynamic esp__dynamic_surgery, esp__dynamic_set, esp__dynamic_rigl,
    esp__dynamic_static, esp__dynamic_dpf, esp__dynamic_acdc, esp__dynamic_granet,
    esp__dynamic_topkast, esp__dynamic_soft, esp__dynamic_grow, esp__dynamic_edge_popup,
    esp__dynamic_soft_movement, esp__dynamic_str;
extern const esp_regulariser esp__regulariser_l1, esp__regulariser_group_lasso,
    esp__regulariser_slimming, esp__regulariser_admm, esp__regulariser_l0;

#endif
