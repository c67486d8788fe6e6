/* The stretches that fields are cut into: so many rows of so many vectors, whose sums are in
 * registers. Kernels have a function for each. */
#ifndef ESP_PREDICT_KERNELS_FIELD_STRETCHES_H
#define ESP_PREDICT_KERNELS_FIELD_STRETCHES_H

/* Calls `of` with the rows and columns of each, the best ones first. */
#define ESP_FIELD_STRETCHES(of) of(1, 8) of(2, 4) of(1, 4) of(2, 2) of(1, 2) of(1, 1)

typedef struct esp__field_stretch {
  int rows, columns;
} esp__field_stretch;

#define ESP_FIELD_STRETCH(rows, columns) {rows, columns},
static const esp__field_stretch esp__field_stretches[] = {ESP_FIELD_STRETCHES(ESP_FIELD_STRETCH)};
#undef ESP_FIELD_STRETCH

/* The number of the best one for fields of that size, and so of a stretch itself. */
static inline int esp__field_stretch_of(int rows, int columns) {
  int i = 0;
  while (rows % esp__field_stretches[i].rows || columns % esp__field_stretches[i].columns) i++;
  return i;
}

#endif
