/* The table of kernels, one per instruction set, and the choice among them.
 *
 * A family's header (correlate.h, norm.h, ...) is its contract. Its source is compiled once per
 * instruction set with ESP_ISA (the name) and ESP_VECTOR (floats of a vector);
 * ESP_ISA_NAME(esp__sum) is then esp__sum_avx2, say. A new kernel is one line in ESP_KERNELS.
 * Kernels know raw pointers and sizes only, run on one thread, and allocate nothing. */
#ifndef ESP_KERNELS_KERNELS_H
#define ESP_KERNELS_KERNELS_H

#include "kernels/correlate.h"
#include "kernels/gate.h"
#include "kernels/loss.h"
#include "kernels/noise.h"
#include "kernels/norm.h"
#include "kernels/pointwise.h"
#include "kernels/pool.h"
#include "kernels/recurrent.h"
#include "kernels/sequence.h"
#include "kernels/update.h"
#include "kernels/winograd.h"

#include <espalier/status.h>
#include <espalier/tensor.h>

typedef void esp__correlate_fn(const esp__correlate *k);
typedef void esp__linear_fn(const esp__linear *k);
typedef void esp__correlate_csr_fn(const esp__correlate_csr *k);
typedef void esp__correlate_bcsr_fn(const esp__correlate_bcsr *k);
typedef void esp__correlate_weights_fn(const esp__correlate_weights *k);
typedef void esp__correlate_weights_csr_fn(const esp__correlate_weights_csr *k);
typedef void esp__correlate_weights_bcsr_fn(const esp__correlate_weights_bcsr *k);
typedef void esp__winograd_plane_fn(const esp__winograd_plane *k);
typedef void esp__winograd_output_fn(const esp__winograd_output *k);
typedef void esp__winograd_weights_fn(const esp__winograd_weights *k);
typedef void esp__winograd_weight_gradient_fn(const esp__winograd_weight_gradient *k);

/* K(member of the table, type, function) */
#define ESP_KERNELS(K)                                                                         \
  K(correlate, esp__correlate_fn, esp__correlate)                                              \
  K(linear, esp__linear_fn, esp__linear)                                                       \
  K(correlate_csr, esp__correlate_csr_fn, esp__correlate_csr)                                  \
  K(correlate_bcsr, esp__correlate_bcsr_fn, esp__correlate_bcsr)                               \
  K(correlate_weights, esp__correlate_weights_fn, esp__correlate_weights)                      \
  K(correlate_weights_csr, esp__correlate_weights_csr_fn, esp__correlate_weights_csr)          \
  K(correlate_weights_bcsr, esp__correlate_weights_bcsr_fn, esp__correlate_weights_bcsr)       \
  K(winograd_input, esp__winograd_plane_fn, esp__winograd_input)                               \
  K(winograd_gradient, esp__winograd_plane_fn, esp__winograd_gradient)                         \
  K(winograd_output, esp__winograd_output_fn, esp__winograd_output)                            \
  K(winograd_weights, esp__winograd_weights_fn, esp__winograd_weights)                         \
  K(winograd_weight_gradient, esp__winograd_weight_gradient_fn, esp__winograd_weight_gradient) \
  K(activate, esp__activate_fn, esp__activate)                                                 \
  K(activate_back, esp__activate_back_fn, esp__activate_back)                                  \
  K(sum, esp__sum_fn, esp__sum)                                                                \
  K(copy, esp__copy_fn, esp__copy)                                                             \
  K(drop, esp__drop_fn, esp__drop)                                                             \
  K(moments, esp__moments_fn, esp__moments)                                                    \
  K(normalise, esp__normalise_fn, esp__normalise)                                              \
  K(normalise_sums, esp__normalise_sums_fn, esp__normalise_sums)                               \
  K(normalise_back, esp__normalise_back_fn, esp__normalise_back)                               \
  K(maxpool, esp__pool_fn, esp__maxpool)                                                       \
  K(maxpool_back, esp__maxpool_back_fn, esp__maxpool_back)                                     \
  K(avgpool, esp__pool_fn, esp__avgpool)                                                       \
  K(avgpool_back, esp__avgpool_back_fn, esp__avgpool_back)                                     \
  K(cross_entropy, esp__cross_entropy_fn, esp__cross_entropy)                                  \
  K(distill, esp__distill_fn, esp__distill)                                                    \
  K(match_numbers, esp__match_numbers_fn, esp__match_numbers)                                  \
  K(mean_squared, esp__mean_squared_fn, esp__mean_squared)                                     \
  K(sgd, esp__sgd_fn, esp__sgd)                                                                \
  K(adam, esp__adam_fn, esp__adam)                                                             \
  K(rmsprop, esp__rmsprop_fn, esp__rmsprop)                                                    \
  K(apply_mask, esp__apply_mask_fn, esp__apply_mask)                                           \
  K(average, esp__average_fn, esp__average)                                                    \
  K(threshold, esp__threshold_fn, esp__threshold)                                              \
  K(threshold_back, esp__threshold_back_fn, esp__threshold_back)                               \
  K(mean_abs, esp__mean_abs_fn, esp__mean_abs)                                                 \
  K(mean_abs_back, esp__mean_abs_back_fn, esp__mean_abs_back)                                  \
  K(top_k, esp__top_k_fn, esp__top_k)                                                          \
  K(scale_images, esp__scale_images_fn, esp__scale_images)                                     \
  K(dot_images, esp__dot_images_fn, esp__dot_images)                                           \
  K(count_images, esp__count_images_fn, esp__count_images)                                     \
  K(multiply, esp__multiply_fn, esp__multiply)                                                 \
  K(layer_norm, esp__layer_norm_fn, esp__layer_norm)                                           \
  K(layer_norm_back, esp__layer_norm_back_fn, esp__layer_norm_back)                            \
  K(lane_product, esp__lane_product_fn, esp__lane_product)                                     \
  K(attend, esp__attend_fn, esp__attend)                                                       \
  K(attend_back, esp__attend_back_fn, esp__attend_back)                                        \
  K(summarise, esp__summarise_fn, esp__summarise)                                              \
  K(summarise_back, esp__summarise_back_fn, esp__summarise_back)                               \
  K(lstm, esp__lstm_fn, esp__lstm)                                                             \
  K(lstm_back, esp__lstm_back_fn, esp__lstm_back)                                              \
  K(gru, esp__gru_fn, esp__gru)                                                                \
  K(gru_back, esp__gru_back_fn, esp__gru_back)                                                 \
  K(noisy_draw, esp__noisy_draw_fn, esp__noisy_draw)                                           \
  K(noisy_slopes, esp__noisy_slopes_fn, esp__noisy_slopes)                                     \
  K(noisy_still, esp__noisy_still_fn, esp__noisy_still)

typedef struct esp__kernels {
  const char *isa;
#define K(member, type, function) type *member;
  ESP_KERNELS(K)
#undef K
} esp__kernels;

#define ESP_JOIN_(a, b) a##_##b
#define ESP_JOIN(a, b) ESP_JOIN_(a, b)
#ifdef ESP_ISA
#define ESP_ISA_NAME(name) ESP_JOIN(name, ESP_ISA)
#define K(member, type, function) type ESP_ISA_NAME(function);
ESP_KERNELS(K)
#undef K
#endif

/* The kernels this process uses: the best the CPU can run, or the one ESPALIER_ISA names. Chosen
 * once. */
const esp__kernels *esp__kernels_active(void);
/* Says whether ESPALIER_ISA, if set, names a set this build has and this CPU can run. */
esp_status esp__kernels_check(esp_error *err);
/* All sets this build has and this CPU can run, scalar first; NULL after the last. */
const esp__kernels *esp__kernels_at(size_t i);

#endif
