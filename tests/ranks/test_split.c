/* Who has which part, and that sums have one order however many processes share them. No process
 * is started: each test reckons for all of them. */
#include "ranks/split.h"
#include "suite.h"

#include <string.h>

enum { PARTS_MOST = 16 };

/* ---- parts ---- */

START_TEST(every_part_has_one_owner_and_neighbours_follow) {
  for (int parts = 1; parts <= PARTS_MOST; parts++)
    for (int count = 1; count <= parts; count++) {
      int next = 0;
      for (int rank = 0; rank < count; rank++) {
        const esp__split s = esp__split_at(rank, count, 16 * PARTS_MOST, parts);
        ck_assert_int_eq(s.first, next);
        ck_assert_int_gt(s.end, s.first);
        next = s.end;
      }
      ck_assert_int_eq(next, parts);
    }
}
END_TEST

/* Nine blocks in four parts: 2, 2, 2 and 3. */
START_TEST(blocks_are_spread_evenly) {
  const esp__split s = esp__split_at(0, 1, 9 * 16 - 5, 4);
  ck_assert_int_eq(s.blocks, 9);
  ck_assert_int_eq(esp__split_block(&s, 1), 2);
  ck_assert_int_eq(esp__split_block(&s, 2), 4);
  ck_assert_int_eq(esp__split_block(&s, 3), 6);
  ck_assert_int_eq(esp__split_block(&s, 4), 9);
  ck_assert_int_eq(esp__split_part_blocks(&s), 3);
}
END_TEST

/* Of eight parts of a block each, 40 images fill two and a half. */
START_TEST(a_short_batch_leaves_parts_out) {
  const esp__split s = esp__split_at(0, 1, 128, 8);
  ck_assert_int_eq(esp__split_used(&s, 40), 3);
  ck_assert_int_eq(esp__split_used(&s, 16), 1);
  ck_assert_int_eq(esp__split_used(&s, 128), 8);
}
END_TEST

/* ---- spans ---- */

static void check_span(const esp__span *s, int first, int end, int owner, int adds) {
  ck_assert_int_eq(s->first, first);
  ck_assert_int_eq(s->end, end);
  ck_assert_int_eq(s->owner, owner);
  ck_assert_int_eq(s->adds, adds);
}

/* Eight parts on four processes: each sends one sum of two; (a + b) + (c + d). */
START_TEST(powers_of_two_send_one_sum_each) {
  const esp__split s = esp__split_at(0, 4, 128, 8);
  esp__span span[8];
  ck_assert_int_eq(esp__split_spans(&s, 8, span), 4);
  check_span(&span[0], 0, 2, 0, 0);
  check_span(&span[1], 2, 4, 1, 1);
  check_span(&span[2], 4, 6, 2, 0);
  check_span(&span[3], 6, 8, 3, 2);
}
END_TEST

/* Eight parts on three processes, 2, 3 and 3: 01 | 23, 4 | 5, 67. */
START_TEST(others_send_their_subtrees) {
  const esp__split s = esp__split_at(0, 3, 128, 8);
  esp__span span[8];
  ck_assert_int_eq(esp__split_spans(&s, 8, span), 5);
  check_span(&span[0], 0, 2, 0, 0);
  check_span(&span[1], 2, 4, 1, 1);
  check_span(&span[2], 4, 5, 1, 0);
  check_span(&span[3], 5, 6, 2, 1);
  check_span(&span[4], 6, 8, 2, 2);
}
END_TEST

/* ---- sums ---- */

/* Numbers whose sum depends on the order of adding. */
static const float number[PARTS_MOST] = {1.0f,    1e-8f, 1e8f,  -1e8f, 3e-8f, 0.1f,  0.7f,  -0.3f,
                                         1.0e-4f, 5.0f,  -5.0f, 1e6f,  1.0f,  -2.0f, 1e-9f, 0.9f};

/* As all processes together would. */
static float sum_over(int count, int parts, int used) {
  const esp__split s = esp__split_at(0, count, 16 * parts, parts);
  esp__span span[PARTS_MOST], part[PARTS_MOST];
  float sums[PARTS_MOST], sum;
  const int spans = esp__split_spans(&s, used, span);
  for (int i = 0; i < spans; i++) {
    const int inside = esp__split_parts_of(&s, used, &span[i], part);
    esp__spans_add_rows(part, inside, number + span[i].first, 1, 1, &sums[i]);
  }
  esp__spans_add_rows(span, spans, sums, 1, 1, &sum);
  return sum;
}

START_TEST(the_order_depends_on_the_parts_alone) {
  for (int parts = 1; parts <= PARTS_MOST; parts++)
    for (int used = 1; used <= parts; used++) {
      const float one = sum_over(1, parts, used);
      for (int count = 2; count <= parts; count++) {
        const float more = sum_over(count, parts, used);
        ck_assert_mem_eq(&one, &more, sizeof one);
      }
    }
}
END_TEST

/* ((a + b) + (c + d)) + e, since the other three parts have no images. */
START_TEST(the_order_is_halves_of_halves) {
  const float wanted = ((number[0] + number[1]) + (number[2] + number[3])) + number[4],
              found = sum_over(1, 8, 5);
  ck_assert_mem_eq(&wanted, &found, sizeof wanted);
}
END_TEST

static void floats_of(const void *with, int i, size_t from, int n, float *to) {
  (void)with;
  for (int k = 0; k < n; k++) to[k] = number[i] * (float)(from + (size_t)k + 1);
}

/* The sums of a gradient go the same way, a run of numbers at a time. */
START_TEST(runs_of_floats_are_added_alike) {
  const esp__split s = esp__split_at(0, 3, 128, 8);
  esp__span span[8];
  float sum[3], v[5];
  const int spans = esp__split_spans(&s, 8, span);
  esp__spans_add(span, spans, floats_of, NULL, 10, 3, sum);
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 5; i++) v[i] = number[i] * (float)(11 + k);
    const float wanted = (v[0] + v[1]) + ((v[2] + v[3]) + v[4]);
    ck_assert_mem_eq(&sum[k], &wanted, sizeof sum[k]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("split");
  TCase *parts = tcase_create("parts"), *sums = tcase_create("sums");
  tcase_add_test(parts, every_part_has_one_owner_and_neighbours_follow);
  tcase_add_test(parts, blocks_are_spread_evenly);
  tcase_add_test(parts, a_short_batch_leaves_parts_out);
  tcase_add_test(sums, powers_of_two_send_one_sum_each);
  tcase_add_test(sums, others_send_their_subtrees);
  tcase_add_test(sums, the_order_depends_on_the_parts_alone);
  tcase_add_test(sums, the_order_is_halves_of_halves);
  tcase_add_test(sums, runs_of_floats_are_added_alike);
  suite_add_tcase(suite, parts);
  suite_add_tcase(suite, sums);
  return suite_run(suite);
}
