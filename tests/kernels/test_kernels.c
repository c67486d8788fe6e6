/* Every kernel of every instruction set returns the scalar kernel's bits and keeps to its own
 * memory. The suite is made from ESP_KERNELS. */
#include "kernels/trials.h"

enum { KEYS = 400 };

static const struct {
  const char *name;
  void (*body)(trial *);
} trials[] = {
#define K(member, type, function) {#member, try_##member},
    ESP_KERNELS(K)
#undef K
};

START_TEST(same_bits) {
  trial_run(trials[_i].name, trials[_i].body, KEYS);
}
END_TEST

START_TEST(scalar_comes_first) {
  ck_assert_str_eq(esp__kernels_at(0)->isa, "scalar");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels");
  TCase *all = tcase_create("every kernel");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, scalar_comes_first);
  tcase_add_loop_test(all, same_bits, 0, sizeof trials / sizeof *trials);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
