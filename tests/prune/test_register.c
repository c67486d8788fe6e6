/* Entries from outside: what is taken, and what is refused. */
#include "plant.h"
#include "suite.h"

#include <espalier/prune.h>

#include <math.h>
#include <stdlib.h>
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
static esp_status search(esp_distribution_search *s, double *fitness, double *numbers,
                         esp_error *err) {
  (void)s, (void)fitness, (void)numbers, (void)err;
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
static void reparametrize(const esp_pruner *p, int slice, float *value) {
  (void)p, (void)slice, (void)value;
}
static double limit(const esp_prune_options *opt, const float *score, size_t n) {
  (void)opt, (void)score, (void)n;
  return 0.5;
}
static const esp_prune_hooks nothing = {.reparametrize = NULL},
                             makes_values = {.reparametrize = reparametrize};

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
  int floored;
  plant_open(&p, (esp_shape){4, 1, 1}, 2,
             "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\nmethod = square\n");
  PLANT_SET(&p, "linear1.weight", 1, -8, 2, -7, 3, -6, 4, -5);
  ck_assert(esp_pruner_prune(p.pruner, 0.5, &floored, &err) == ESP_OK);
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

/* ---- a criterion with a key of its own ---- */

/* score = |w|^power */
typedef struct power_options {
  double power;
  char *rule;
} power_options;
static const char *rule_name(size_t i) {
  static const char *const names[] = {"large", "small"};
  return i < 2 ? names[i] : NULL;
}
static const esp_option power_table[] = {
    {"power", ESP_OPTION_REAL, offsetof(power_options, power), "2", 0, 8, NULL, "the exponent"},
    {"power_rule", ESP_OPTION_CHOICE, offsetof(power_options, rule), "large", 0, 0, rule_name,
     "which weights stay"},
    {.name = NULL}};
static const esp_method_keys power_keys = {power_table, sizeof(power_options)};

static void score_power(const esp_param *p, const esp_prune_ctx *ctx, float *score_of) {
  const power_options *o = esp_prune_keys(ctx->opt, &power_keys);
  const double sign = strcmp(o->rule, "small") == 0 ? -1.0 : 1.0;
  for (size_t i = 0; i < p->count; i++)
    score_of[i] = (float)(sign * pow(fabs((double)p->value[i]), o->power));
}
static const esp_criterion power = {.name = "power",
                                    .help = "a power of the weight",
                                    .keys = {&power_keys},
                                    .negative = true,
                                    .score = score_power};

#define TWO_LAYERS                                                            \
  "[model]\narch = custom\nlayers =\n  linear 13\n  relu\n  linear classes\n" \
  "[prune]\nmethod = power\nsparsity = 0.7\nrounds = 3\n"

/* Three rounds, then exactly n - round(0.7 n) of 27 x 13 and 13 x 4 weights are left. */
static void prunes_exactly(const char *keys, const char *stays) {
  char ini[512];
  plant p;
  int floored;
  esp_error err = {.text = ""};
  snprintf(ini, sizeof ini, "%s%s", TWO_LAYERS, keys);
  plant_open(&p, (esp_shape){27, 1, 1}, 4, ini);
  for (int round = 1; round <= 3; round++) {
    const double asked = esp_pruner_round_sparsity(p.pruner, round);
    ck_assert_msg(esp_pruner_prune(p.pruner, asked, &floored, &err) == ESP_OK, "%s", err.text);
    plant_check(&p, stays);
    ck_assert(esp_pruner_holds(p.pruner));
  }
  const esp_pruned count = esp_pruner_count(p.pruner);
  ck_assert_uint_eq(count.units, 27 * 13 + 13 * 4);
  ck_assert_uint_eq(count.pruned, 282); /* round(0.7 * 403) = 282.1 */
  plant_close(&p);
}

START_TEST(a_key_of_a_registered_criterion_is_a_key_of_prune) {
  esp_error err = {.text = ""};
  ck_assert_msg(esp_criterion_register(&power, &err) == ESP_OK, "%s", err.text);
  prunes_exactly("", "defaults");
  prunes_exactly("power = 0.5\npower_rule = small\n", "others");

  /* It is read, checked, found when misspelled, overridden, and written back. */
  esp_config c;
  char *text;
  const char *const override[] = {"prune.power=3"};
  ck_assert(esp_config_parse(&c, "a.ini", TWO_LAYERS "power = 4\n", 1, override, &err) == ESP_OK);
  ck_assert(esp_config_text(&c, &text, &err) == ESP_OK);
  ck_assert_ptr_nonnull(strstr(text, "\npower = 3\npower_rule = large\n"));
  esp_config_free(&c);
  ck_assert(esp_config_parse(&c, "b.ini", text, 0, NULL, &err) == ESP_OK);
  const power_options *o = esp_prune_keys(&c.prune, &power_keys);
  ck_assert(o->power == 3.0);
  esp_config_free(&c);
  free(text);
  ck_assert(esp_config_parse(&c, "a.ini", "[prune]\npower = 9\n", 0, NULL, &err) != ESP_OK);
  ck_assert_str_eq(err.text, "a.ini:2: power = '9': expected a number from 0 to 8");
  ck_assert(esp_config_parse(&c, "a.ini", "[prune]\npowr = 2\n", 0, NULL, &err) != ESP_OK);
  ck_assert_str_eq(err.text, "a.ini:2: unknown key 'powr' in [prune]; did you mean 'power'?");
}
END_TEST

START_TEST(help_explains_a_registered_criterion_and_its_keys) {
  char *text = NULL;
  size_t bytes;
  ck_assert(esp_criterion_register(&power, NULL) == ESP_OK);
  FILE *out = open_memstream(&text, &bytes);
  ck_assert(esp_config_help("power", out, NULL) == ESP_OK);
  fclose(out);
  ck_assert_ptr_nonnull(strstr(text, "prune.power\n    type:    a number from 0 to 8\n"));
  ck_assert_ptr_nonnull(strstr(text, "power  criterion\n    a power of the weight\n"));
  ck_assert_ptr_nonnull(strstr(text, "  power_rule = large"));
  free(text);
}
END_TEST

/* A configuration that was read before has no such key, and goes on without. */
START_TEST(a_configuration_keeps_the_keys_it_was_read_with) {
  esp_config c;
  char *before, *after;
  esp_error err = {.text = ""};
  ck_assert(esp_config_parse(&c, "a.ini", "[prune]\nmethod = rigl\n", 0, NULL, &err) == ESP_OK);
  ck_assert(esp_config_text(&c, &before, &err) == ESP_OK);
  ck_assert(esp_criterion_register(&power, &err) == ESP_OK);
  ck_assert(esp_config_text(&c, &after, &err) == ESP_OK);
  ck_assert_str_eq(before, after);
  ck_assert_ptr_null(esp_prune_keys(&c.prune, &power_keys));
  esp_config_free(&c);
  free(before);
  free(after);
}
END_TEST

/* Its method cannot be chosen afterwards in options that have no values for its keys. */
START_TEST(a_method_whose_keys_have_no_values_is_refused) {
  plant p;
  esp_pruner *none = NULL;
  esp_error err = {.text = ""};
  plant_open(&p, (esp_shape){27, 1, 1}, 4,
             "[model]\narch = custom\nlayers = linear classes\n[prune]\nmethod = none\n");
  ck_assert(esp_criterion_register(&power, &err) == ESP_OK);
  esp_prune_options opt = p.config.prune;
  char name[] = "power";
  opt.method = name;
  ck_assert_int_eq(esp_pruner_new(&none, &opt, p.model, 1, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "[prune]: no values for the keys of 'power'; expected it to be registered "
                   "before the options are made");
  ck_assert_ptr_null(none);
  plant_close(&p);
}
END_TEST

/* ---- methods that work on units ---- */

/* Every second weight stays. */
static esp_status keep_second(esp_pruner *p, double t, esp_error *err) {
  (void)t;
  float *scores = esp_pruner_scores(p);
  for (size_t u = 0; u < esp_pruner_units(p); u++) scores[u] = (float)(u % 2);
  ESP_TRY(esp_pruner_choose(p, esp_pruner_options(p)->sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}
static const esp_dynamic second = {"second", "every second weight", .change = keep_second};

#define EIGHT "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\nsparsity = 0.5\n"

START_TEST(a_registered_dynamic_method_changes_masks) {
  plant p;
  bool changed;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_dynamic_register(&second, &err) == ESP_OK, "%s", err.text);
  plant_open(&p, (esp_shape){4, 1, 1}, 2, EIGHT "method = second\n");
  ck_assert(esp_pruner_in_training(p.pruner));
  ck_assert(esp_pruner_step(p.pruner, 0, 0, 10, &changed, &err) == ESP_OK && changed);
  plant_mask_is(&p, "linear1.weight", "01010101");
  plant_check(&p, "changed");
  plant_close(&p);
}
END_TEST

static esp_status cover_pairs(esp_pruner *p, const bool *layers, esp_error *err);
static const esp_structure pairs = {"pairs", "two neighbouring weights", .cover = cover_pairs};

/* unit k = { w[2 k], w[2 k + 1] } */
static esp_status cover_pairs(esp_pruner *p, const bool *layers, esp_error *err) {
  const esp_model *m = esp_pruner_model(p);
  for (int i = 0; i < m->layers; i++) {
    esp_param *w = m->layer[i].weight;
    if (!layers[i]) continue;
    ESP_TRY(esp_ranking_pool_new(p, &pairs, &m->layer[i], w->count / 2, err));
    ESP_TRY(esp_ranking_pool_add(p, (esp_slice){w, w->count / 2, 2, NULL, true, 0}, err));
  }
  return ESP_OK;
}

START_TEST(a_registered_structure_is_pruned_as_a_whole) {
  plant p;
  int floored, pools;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_structure_register(&pairs, &err) == ESP_OK, "%s", err.text);
  plant_open(&p, (esp_shape){4, 1, 1}, 2, EIGHT "method = magnitude\nstructure = pairs\n");
  PLANT_SET(&p, "linear1.weight", 1, -8, 2, -1, 3, -6, 0, 4);
  ck_assert(esp_pruner_prune(p.pruner, 0.5, &floored, &err) == ESP_OK);
  plant_mask_is(&p, "linear1.weight", "11001100");
  ck_assert_ptr_eq(esp_pruner_ranking_pools(p.pruner, &pools)->structure, &pairs);
  ck_assert_int_eq(pools, 1);
  plant_close(&p);
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
  REFUSED(distribution, "distribution 'x': expected one of the functions 'limit' and 'share'", "x",
          "x", .share = share, .limit = limit);
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

/* Keys that a criterion is refused for, each with a double at the beginning of its struct. */
static const struct {
  esp_option option;
  const char *says;
} wrong_keys[] = {
    {{"rounds", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, "help"},
     "criterion 'x', key 'rounds': the name is taken in [prune]; expected another"},
    {{"drop_fraction", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, "help"},
     "criterion 'x', key 'drop_fraction': the name is taken in [prune]; expected another"},
    {{"Power", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, "help"},
     "criterion 'x', key 'Power': expected a name of at most 30 letters a-z and '_'"},
    {{"own", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, NULL},
     "criterion 'x', key 'own': expected a help text and a default"},
    {{"own", ESP_OPTION_REAL, 0, NULL, 0, 8, NULL, "help"},
     "criterion 'x', key 'own': expected a help text and a default"},
    {{"own", ESP_OPTION_CHOICE, 0, "a", 0, 0, NULL, "help"},
     "criterion 'x', key 'own': expected a function that gives its choices"},
    {{"own", ESP_OPTION_REAL, 1, "1", 0, 8, NULL, "help"},
     "criterion 'x', key 'own': lies beyond the bytes of its struct"},
    {{"own", ESP_OPTION_REAL, 0, "9", 0, 8, NULL, "help"},
     "criterion 'x', default: own = '9': expected a number from 0 to 8"},
};

START_TEST(keys_are_checked) {
  const esp_option table[] = {wrong_keys[_i].option, {.name = NULL}};
  const esp_method_keys keys = {table, sizeof(double)};
  const esp_criterion x = {"x", "help", .keys = {&keys}, .score = score};
  esp_error err = {.text = ""};
  ck_assert(esp_criterion_register(&x, &err) == ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, wrong_keys[_i].says);
  ck_assert_ptr_null(esp_criterion_find("x"));
}
END_TEST

START_TEST(keys_need_a_table_and_a_place) {
  static const esp_method_keys none = {NULL, 8}, empty = {power_table, 0},
                               lost = {power_table, sizeof(power_options), .after = "nowhere"};
  REFUSED(criterion, "criterion 'x': expected keys with a table and the bytes of a struct", "x",
          "help", .keys = {&none}, .score = score);
  REFUSED(criterion, "criterion 'x': expected keys with a table and the bytes of a struct", "x",
          "help", .keys = {&empty}, .score = score);
  REFUSED(criterion,
          "criterion 'x': keys after 'nowhere', which is no key of [prune]; expected one, or NULL",
          "x", "help", .keys = {&lost}, .score = score);
}
END_TEST

START_TEST(a_key_is_there_once) {
  static const esp_option twice[] = {{"own", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, "help"},
                                     {"own", ESP_OPTION_REAL, 0, "1", 0, 8, NULL, "help"},
                                     {.name = NULL}};
  static const esp_method_keys keys = {twice, sizeof(double)};
  REFUSED(criterion, "criterion 'x', key 'own': the name is taken in [prune]; expected another",
          "x", "help", .keys = {&keys}, .score = score);
  /* Methods share keys by sharing the object. */
  static const esp_dynamic other = {"other", "help", {&power_keys}, .change = change};
  ck_assert(esp_criterion_register(&power, NULL) == ESP_OK);
  ck_assert(esp_dynamic_register(&other, NULL) == ESP_OK);
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
  tcase_add_test(tc, a_key_of_a_registered_criterion_is_a_key_of_prune);
  tcase_add_test(tc, help_explains_a_registered_criterion_and_its_keys);
  tcase_add_test(tc, a_configuration_keeps_the_keys_it_was_read_with);
  tcase_add_test(tc, a_method_whose_keys_have_no_values_is_refused);
  tcase_add_test(tc, a_registered_dynamic_method_changes_masks);
  tcase_add_test(tc, a_registered_structure_is_pruned_as_a_whole);
  tcase_add_loop_test(tc, keys_are_checked, 0, sizeof wrong_keys / sizeof *wrong_keys);
  tcase_add_test(tc, keys_need_a_table_and_a_place);
  tcase_add_test(tc, a_key_is_there_once);
  tcase_add_test(tc, the_table_has_an_end);
  suite_add_tcase(suite, tc);
  return suite_run(suite);
}
