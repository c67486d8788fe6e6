/* The table of kernels, one per instruction set, and the choice among them.
 *
 * A family's header (correlate.h, norm.h, ...) is its contract. Its source is compiled once per instruction
 * set with ESP_ISA (the name) and ESP_VECTOR (floats of a vector); ESP_ISA_NAME(esp_sum) is then
 * esp_sum_avx2, say. A new kernel is one line in ESP_KERNELS. Kernels know raw pointers and sizes only, run
 * on one thread, and allocate nothing. */
#ifndef ESP_KERNELS_KERNELS_H
#define ESP_KERNELS_KERNELS_H

#include "kernels/correlate.h"
#include "kernels/gate.h"
#include "kernels/loss.h"
#include "kernels/norm.h"
#include "kernels/pointwise.h"
#include "kernels/pool.h"
#include "kernels/update.h"
#include "kernels/winograd.h"

#include <espalier/status.h>
#include <espalier/tensor.h>

typedef void esp_correlate_fn(const esp_correlate *k);
typedef void esp_correlate_sparse_fn(const esp_correlate_sparse *k);
typedef void esp_correlate_tiles_fn(const esp_correlate_tiles *k);
typedef void esp_correlate_weights_fn(const esp_correlate_weights *k);
typedef void esp_correlate_weights_sparse_fn(const esp_correlate_weights_sparse *k);
typedef void esp_correlate_weights_tiles_fn(const esp_correlate_weights_tiles *k);
typedef void esp_winograd_plane_fn(const esp_winograd_plane *k);
typedef void esp_winograd_output_fn(const esp_winograd_output *k);
typedef void esp_winograd_weights_fn(const esp_winograd_weights *k);
typedef void esp_winograd_windows_fn(const esp_winograd_windows *k);

/* K(member of the table, type, function) */
#define ESP_KERNELS(K)                                                                       \
  K(correlate, esp_correlate_fn, esp_correlate)                                              \
  K(correlate_sparse, esp_correlate_sparse_fn, esp_correlate_sparse)                         \
  K(correlate_tiles, esp_correlate_tiles_fn, esp_correlate_tiles)                            \
  K(correlate_weights, esp_correlate_weights_fn, esp_correlate_weights)                      \
  K(correlate_weights_sparse, esp_correlate_weights_sparse_fn, esp_correlate_weights_sparse) \
  K(correlate_weights_tiles, esp_correlate_weights_tiles_fn, esp_correlate_weights_tiles)    \
  K(winograd_input, esp_winograd_plane_fn, esp_winograd_input)                               \
  K(winograd_gradient, esp_winograd_plane_fn, esp_winograd_gradient)                         \
  K(winograd_output, esp_winograd_output_fn, esp_winograd_output)                            \
  K(winograd_weights, esp_winograd_weights_fn, esp_winograd_weights)                         \
  K(winograd_windows, esp_winograd_windows_fn, esp_winograd_windows)                         \
  K(activate, esp_activate_fn, esp_activate)                                                 \
  K(activate_back, esp_activate_back_fn, esp_activate_back)                                  \
  K(sum, esp_sum_fn, esp_sum)                                                                \
  K(copy, esp_copy_fn, esp_copy)                                                             \
  K(drop, esp_drop_fn, esp_drop)                                                             \
  K(moments, esp_moments_fn, esp_moments)                                                    \
  K(normalise, esp_normalise_fn, esp_normalise)                                              \
  K(normalise_sums, esp_normalise_sums_fn, esp_normalise_sums)                               \
  K(normalise_back, esp_normalise_back_fn, esp_normalise_back)                               \
  K(maxpool, esp_pool_fn, esp_maxpool)                                                       \
  K(maxpool_back, esp_maxpool_back_fn, esp_maxpool_back)                                     \
  K(avgpool, esp_pool_fn, esp_avgpool)                                                       \
  K(avgpool_back, esp_avgpool_back_fn, esp_avgpool_back)                                     \
  K(cross_entropy, esp_cross_entropy_fn, esp_cross_entropy)                                  \
  K(distil, esp_distil_fn, esp_distil)                                                       \
  K(imitate, esp_imitate_fn, esp_imitate)                                                    \
  K(mean_squared, esp_mean_squared_fn, esp_mean_squared)                                     \
  K(sgd, esp_sgd_fn, esp_sgd)                                                                \
  K(unshadow, esp_unshadow_fn, esp_unshadow)                                                 \
  K(average, esp_average_fn, esp_average)                                                    \
  K(threshold, esp_threshold_fn, esp_threshold)                                              \
  K(threshold_back, esp_threshold_back_fn, esp_threshold_back)                               \
  K(magnitude, esp_magnitude_fn, esp_magnitude)                                              \
  K(magnitude_back, esp_magnitude_back_fn, esp_magnitude_back)                               \
  K(winners, esp_winners_fn, esp_winners)                                                    \
  K(scale_images, esp_scale_images_fn, esp_scale_images)                                     \
  K(dot_images, esp_dot_images_fn, esp_dot_images)                                           \
  K(count_images, esp_count_images_fn, esp_count_images)

typedef struct esp_kernels {
  const char *isa;
#define K(member, type, function) type *member;
  ESP_KERNELS(K)
#undef K
} esp_kernels;

#define ESP_JOIN_(a, b) a##_##b
#define ESP_JOIN(a, b) ESP_JOIN_(a, b)
#ifdef ESP_ISA
#define ESP_ISA_NAME(name) ESP_JOIN(name, ESP_ISA)
#define K(member, type, function) type ESP_ISA_NAME(function);
ESP_KERNELS(K)
#undef K
#endif

/* The kernels this process uses: the best the CPU can run, or the one ESPALIER_ISA names. Chosen once. */
const esp_kernels *esp_kernels_active(void);
/* Says whether ESPALIER_ISA, if set, names a set this build has and this CPU can run. */
esp_status esp_kernels_check(esp_error *err);
/* All sets this build has and this CPU can run, scalar first; NULL after the last. */
const esp_kernels *esp_kernels_at(size_t i);

#endif
