/* Entries from outside: what is taken, and what is refused. */
#include "plant.h"
#include "suite.h"

#include <espalier/prune.h>

#include <math.h>
#include <string.h>

/* ---- entries that lack nothing ---- */

/* score = w^2 */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->value[i] * p->value[i];
}
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  (void)p, (void)layers, (void)err;
  return ESP_OK;
}
static esp_status search(esp_distribution_search *s, double *worth, double *numbers,
                         esp_error *err) {
  (void)s, (void)worth, (void)numbers, (void)err;
  return ESP_OK;
}
static esp_status share(const esp_prune_options *opt, double asked, esp_layer_budget *budget, int n,
                        esp_error *err) {
  (void)opt, (void)asked, (void)budget, (void)n, (void)err;
  return ESP_OK;
}
static double sparsity(const esp_prune_options *opt, double t) {
  return opt->sparsity * t;
}
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  (void)p, (void)t, (void)err;
  return ESP_OK;
}
static void values(const esp_pruner *p, int part, float *value) {
  (void)p, (void)part, (void)value;
}
static const esp_prune_hooks nothing = {.values = NULL}, makes_values = {.values = values};

static const esp_criterion square = {"square", "the weight's square", .score = score};
static const esp_structure structure = {"odd", "odd ones", .cover = cover};
static const esp_distribution distribution = {"even", "even ones", .share = share};
static const esp_prune_schedule schedule = {"steady", "steadily", .sparsity = sparsity};
static const esp_dynamic dynamic = {"still", "never moves", .change = change};
static const esp_regulariser regulariser = {"idle", "does nothing", .hooks = &nothing};

START_TEST(a_registered_criterion_is_found_and_prunes) {
  esp_error err = {.text = ""};
  size_t built_in = 0;
  while (esp_criterion_at(built_in)) built_in++;
  ck_assert_ptr_null(esp_criterion_find("square"));
  ck_assert_msg(esp_criterion_register(&square, &err) == ESP_OK, "%s", err.text);
  ck_assert_ptr_eq(esp_criterion_at(built_in), &square);
  ck_assert_ptr_null(esp_criterion_at(built_in + 1));
  ck_assert_ptr_eq(esp_criterion_find("square"), &square);
  ck_assert_str_eq(esp_prune_method_name(1 + built_in), "square");

  plant p;
  int guarded;
  plant_open(&p, (esp_shape){4, 1, 1}, 2,
             "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\nmethod = square\n");
  PLANT_SET(&p, "linear1.weight", 1, -8, 2, -7, 3, -6, 4, -5);
  ck_assert(esp_pruner_prune(p.pruner, 0.5, &guarded, &err) == ESP_OK);
  plant_mask_is(&p, "linear1.weight", "01010101");
  ck_assert(esp_pruner_holds(p.pruner));
  plant_close(&p);
}
END_TEST

START_TEST(entries_of_all_kinds_are_found_by_name) {
  ck_assert(esp_structure_register(&structure, NULL) == ESP_OK);
  ck_assert(esp_distribution_register(&distribution, NULL) == ESP_OK);
  ck_assert(esp_prune_schedule_register(&schedule, NULL) == ESP_OK);
  ck_assert(esp_dynamic_register(&dynamic, NULL) == ESP_OK);
  ck_assert(esp_regulariser_register(&regulariser, NULL) == ESP_OK);
  ck_assert_ptr_eq(esp_structure_find("odd"), &structure);
  ck_assert_ptr_eq(esp_distribution_find("even"), &distribution);
  ck_assert_ptr_eq(esp_prune_schedule_find("steady"), &schedule);
  ck_assert_ptr_eq(esp_dynamic_find("still"), &dynamic);
  ck_assert_ptr_eq(esp_regulariser_find("idle"), &regulariser);
}
END_TEST

/* ---- what is refused ---- */

#define REFUSED(kind, message, ...)                                          \
  do {                                                                       \
    static const esp_##kind wrong = {__VA_ARGS__};                           \
    esp_error err_ = {.text = ""};                                           \
    ck_assert(esp_##kind##_register(&wrong, &err_) == ESP_ERR_INPUT);        \
    ck_assert_str_eq(err_.text, message);                                    \
    if (wrong.name) ck_assert_ptr_ne(esp_##kind##_find(wrong.name), &wrong); \
  } while (0)

START_TEST(a_name_is_needed) {
  static const char expects[] =
      ": expected a name of at most 40 letters a-z, digits, '-', '_', ':'";
  char message[160];
  snprintf(message, sizeof message, "criterion ''%s", expects);
  REFUSED(criterion, message, NULL, "help", .score = score);
  REFUSED(criterion, message, "", "help", .score = score);
  snprintf(message, sizeof message, "criterion 'two words'%s", expects);
  REFUSED(criterion, message, "two words", "help", .score = score);
  snprintf(message, sizeof message, "dynamic method 'Capital'%s", expects);
  REFUSED(dynamic, message, "Capital", "help", .change = change);
}
END_TEST

START_TEST(a_name_is_there_once) {
#define TAKEN(kind, name) kind " '" name "': the name is taken; expected another"
  REFUSED(criterion, TAKEN("criterion", "magnitude"), "magnitude", "help", .score = score);
  REFUSED(criterion, TAKEN("criterion", "rigl"), "rigl", "help", .score = score);
  REFUSED(dynamic, TAKEN("dynamic method", "magnitude"), "magnitude", "help", .change = change);
  REFUSED(criterion, TAKEN("criterion", "none"), "none", "help", .score = score);
  REFUSED(regulariser, TAKEN("regulariser", "none"), "none", "help", .hooks = &nothing);
  REFUSED(structure, TAKEN("structure", "n:m"), "n:m", "help", .cover = cover);
  REFUSED(prune_schedule, TAKEN("schedule", "cubic"), "cubic", "help", .sparsity = sparsity);
  ck_assert(esp_criterion_register(&square, NULL) == ESP_OK);
  REFUSED(dynamic, TAKEN("dynamic method", "square"), "square", "help", .change = change);
  /* l1 is a criterion and a regulariser already: they are named by keys of their own */
  static const esp_structure l1 = {"l1", "help", .cover = cover};
  ck_assert(esp_structure_register(&l1, NULL) == ESP_OK);
}
END_TEST

START_TEST(a_help_text_is_needed) {
  REFUSED(criterion, "criterion 'x': expected a help text", "x", NULL, .score = score);
  REFUSED(regulariser, "regulariser 'x': expected a help text", "x", "", .hooks = &nothing);
}
END_TEST

START_TEST(functions_are_needed) {
  REFUSED(criterion, "criterion 'x': expected a function 'score'", "x", "help");
  REFUSED(criterion, "criterion 'x': expected a function 'measure' for its passes", "x", "help",
          .score = score, .needs = ESP_NEEDS_PASSES);
  REFUSED(structure, "structure 'x': expected a function 'cover'", "x", "help");
  REFUSED(distribution, "distribution 'x': expected a function 'share', which a search begins with",
          "x", "help", .search = search, .copies = 1);
  REFUSED(distribution, "distribution 'x': expected copies of at least 1 for its search", "x",
          "help", .share = share, .search = search);
  REFUSED(prune_schedule, "schedule 'x': expected a function 'sparsity'", "x", "help");
  REFUSED(dynamic, "dynamic method 'x': expected a function 'change'", "x", "help");
  REFUSED(dynamic, "dynamic method 'x': expected a shadow, which the hook 'values' makes them from",
          "x", "help", .change = change, .hooks = &makes_values);
  REFUSED(regulariser, "regulariser 'x': expected hooks", "x", "help");
}
END_TEST

START_TEST(the_table_has_an_end) {
  enum { MORE = 65 };
  static char name[MORE][8];
  static esp_prune_schedule many[MORE];
  esp_error err = {.text = ""};
  for (int i = 0; i < MORE; i++) {
    snprintf(name[i], sizeof name[i], "many-%d", i);
    many[i] = schedule;
    many[i].name = name[i];
    if (i < MORE - 1)
      ck_assert_msg(esp_prune_schedule_register(&many[i], &err) == ESP_OK, "%s", err.text);
  }
  ck_assert(esp_prune_schedule_register(&many[MORE - 1], &err) == ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "schedule 'many-64': expected at most 64 registered entries");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("register");
  TCase *tc = tcase_create("register");
  tcase_add_test(tc, a_registered_criterion_is_found_and_prunes);
  tcase_add_test(tc, entries_of_all_kinds_are_found_by_name);
  tcase_add_test(tc, a_name_is_needed);
  tcase_add_test(tc, a_name_is_there_once);
  tcase_add_test(tc, a_help_text_is_needed);
  tcase_add_test(tc, functions_are_needed);
  tcase_add_test(tc, the_table_has_an_end);
  suite_add_tcase(suite, tc);
  return suite_run(suite);
}
