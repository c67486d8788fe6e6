/* Small functions of whole numbers. */
#ifndef ESP_BASE_INTEGER_H
#define ESP_BASE_INTEGER_H

static inline int esp__least(int a, int b) {
  return a < b ? a : b;
}
static inline int esp__most(int a, int b) {
  return a > b ? a : b;
}
static inline int esp__ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
static inline int esp__floor_div(int a, int b) {
  return a >= 0 ? a / b : -esp__ceil_div(-a, b);
}

#endif
