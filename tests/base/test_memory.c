/* Text and JSON whose memory runs out: all of it, or nothing. */
#include "base/json.h"
#include "base/text_stream.h"
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int allowed = -1; /* calls that still succeed; negative: all do */

static bool refused(void) {
  return allowed >= 0 && allowed-- == 0;
}

void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes) {
  return refused() ? NULL : __real_realloc(old, bytes);
}

static void *limited_malloc(size_t bytes) {
  if (!refused()) return malloc(bytes);
  errno = ENOMEM;
  return NULL;
}

START_TEST(a_text_is_whole) {
  char *text;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  ck_assert(text == NULL && bytes == 0);
  for (int i = 0; i < 10000; i++) fprintf(f, "%04d,", i);
  ck_assert_int_eq(fclose(f), 0);
  ck_assert_uint_eq(bytes, 50000);
  ck_assert_uint_eq(strlen(text), 50000);
  ck_assert_int_eq(strncmp(text, "0000,0001,", 10), 0);
  ck_assert_str_eq(text + 49990, "9998,9999,");
  free(text);
  f = esp__text_stream(&text, &bytes);
  ck_assert_int_eq(fclose(f), 0);
  ck_assert_str_eq(text, "");
  free(text);
}
END_TEST

/* Whichever time it is asked for. */
START_TEST(a_text_that_memory_is_short_for_says_so) {
  char *text;
  size_t bytes;
  int failures = 0;
  for (int calls = 0; calls < 100; calls++) {
    FILE *f = esp__text_stream(&text, &bytes);
    allowed = calls;
    for (int i = 0; i < 10000; i++) fprintf(f, "%04d,", i);
    const int result = fclose(f);
    allowed = -1;
    if (result == 0) break;
    failures++;
    ck_assert(text == NULL && bytes == 0);
  }
  ck_assert_int_gt(failures, 2);
  ck_assert_uint_eq(bytes, 50000);
  free(text);
}
END_TEST

static cJSON *sample(void) {
  cJSON *o = cJSON_CreateObject();
  esp__json_put_number(o, "number", 1.5);
  esp__json_put_string(o, "text", "a");
  esp__json_put_bool(o, "truth", true);
  cJSON *list = esp__json_put_array(o, "list");
  esp__json_append(list, esp__json_exact_number(0.1 + 0.2));
  esp__json_put_null(esp__json_append(list, cJSON_CreateObject()), "none");
  return o;
}

static const char expected[] =
    "{\"number\":1.5,\"text\":\"a\",\"truth\":true,\"list\":[0.30000000000000004,{\"none\":null}]}";

START_TEST(json_lacks_nothing_or_is_not_printed) {
  cJSON_InitHooks(&(cJSON_Hooks){limited_malloc, free});
  int failures = 0;
  for (int calls = 0; calls < 200; calls++) {
    allowed = calls;
    cJSON *o = sample();
    char *text = esp__json_print(o, false);
    allowed = -1;
    failures += text == NULL;
    if (text) ck_assert_str_eq(text, expected);
    free(text);
    cJSON_Delete(o);
    if (text) break;
  }
  ck_assert_int_gt(failures, 10);
  cJSON_InitHooks(NULL);
}
END_TEST

START_TEST(numbers_come_back_to_the_bit) {
  const double numbers[] = {0.0, 1.0 / 3.0, 0.1 + 0.2, 1e300, 5e-324, -2.5, 9007199254740992.0};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    cJSON *o = cJSON_CreateArray();
    esp__json_append(o, esp__json_exact_number(numbers[i]));
    char *text = esp__json_print(o, false);
    ck_assert(strtod(text + 1, NULL) == numbers[i]);
    free(text);
    cJSON_Delete(o);
  }
  cJSON *o = esp__json_exact_number((double)NAN);
  ck_assert(cJSON_IsNull(o));
  cJSON_Delete(o);
}
END_TEST

START_TEST(want_of_memory_is_not_bad_text) {
  cJSON *value;
  size_t at;
  cJSON_InitHooks(&(cJSON_Hooks){limited_malloc, free});
  for (allowed = 0;; allowed++) {
    const int calls = allowed;
    const esp_status status = esp__json_parse(&value, expected, strlen(expected), &at);
    allowed = calls;
    if (status == ESP_OK) break;
    ck_assert_int_eq(status, ESP_ERR_MEMORY);
    ck_assert_ptr_null(value);
  }
  ck_assert_int_gt(allowed, 10);
  allowed = -1;
  cJSON_Delete(value);
  ck_assert_int_eq(esp__json_parse(&value, "[1] \n", 5, &at), ESP_OK);
  cJSON_Delete(value);
  ck_assert_int_eq(esp__json_parse(&value, "[1] x", 5, &at), ESP_ERR_INPUT);
  ck_assert_uint_eq(at, 4);
  ck_assert_int_eq(esp__json_parse(&value, "", 0, &at), ESP_ERR_INPUT);
  cJSON_InitHooks(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("memory");
  TCase *tests = tcase_create("memory");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_text_is_whole);
  tcase_add_test(tests, a_text_that_memory_is_short_for_says_so);
  tcase_add_test(tests, json_lacks_nothing_or_is_not_printed);
  tcase_add_test(tests, numbers_come_back_to_the_bit);
  tcase_add_test(tests, want_of_memory_is_not_bad_text);
  return suite_run(suite);
}
