/* For templates: functions that see the constants of each call, so that loops over them unroll and
 * sums stay in registers. */
#ifndef ESP_BASE_INLINE_H
#define ESP_BASE_INLINE_H

#define ESP_INLINE static inline __attribute__((always_inline))

#endif
