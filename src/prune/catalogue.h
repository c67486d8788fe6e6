/* Every entry of the pruning catalogue. Adding one: its file, a line here, a line in catalogue.c. */
#ifndef ESP_PRUNE_CATALOGUE_H
#define ESP_PRUNE_CATALOGUE_H

#include <espalier/prune.h>

extern const esp_criterion esp_criterion_magnitude, esp_criterion_random, esp_criterion_saliency,
    esp_criterion_snip, esp_criterion_gradient, esp_criterion_taylor, esp_criterion_fisher,
    esp_criterion_movement, esp_criterion_grasp, esp_criterion_synflow, esp_criterion_wanda, esp_criterion_l1,
    esp_criterion_l2, esp_criterion_bn_scale, esp_criterion_fpgm, esp_criterion_apoz,
    esp_criterion_activation, esp_criterion_frequency, esp_criterion_hrank, esp_criterion_predictor;
extern const esp_structure esp_structure_weight, esp_structure_n_m, esp_structure_block, esp_structure_filter,
    esp_structure_channel, esp_structure_neuron, esp_structure_layer, esp_structure_hybrid;
extern const esp_distribution esp_distribution_global, esp_distribution_uniform, esp_distribution_erk,
    esp_distribution_lamp, esp_distribution_per_layer, esp_distribution_genetic, esp_distribution_swarm;
extern const esp_prune_schedule esp_prune_schedule_one_shot, esp_prune_schedule_iterative,
    esp_prune_schedule_cubic, esp_prune_schedule_linear, esp_prune_schedule_exponential,
    esp_prune_schedule_list, esp_prune_schedule_feedback;
extern const esp_dynamic esp_dynamic_surgery, esp_dynamic_set, esp_dynamic_rigl, esp_dynamic_static,
    esp_dynamic_dpf, esp_dynamic_acdc, esp_dynamic_granet, esp_dynamic_topkast, esp_dynamic_soft,
    esp_dynamic_grow, esp_dynamic_edge_popup, esp_dynamic_soft_movement, esp_dynamic_str;
extern const esp_regulariser esp_regulariser_l1, esp_regulariser_group_lasso, esp_regulariser_slimming,
    esp_regulariser_admm, esp_regulariser_l0;

#endif
