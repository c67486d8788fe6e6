/* Run directories as a report reads them: damaged, unfinished, several of one configuration. */
#include "folder.h"
#include "report/once.h"
#include "report/xml.h"
#include "suite.h"

#include <espalier/file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static void setup(void) {
  folder = folder_make();
  ck_assert_int_eq(chdir(folder), 0);
}
static void teardown(void) {
  ck_assert_int_eq(chdir("/"), 0);
  folder_remove(folder);
}

static void write_text(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  ck_assert_int_eq(fclose(f), 0);
}

/* A run directory with results: dense (unless that is NAN) and one round. */
static void make_run_by(const char *method, const char *dir, int seed, const char *prune,
                        double dense, double pruned) {
  char path[256], text[1024], before[128] = "";
  ck_assert_int_eq(mkdir(dir, 0777), 0);
  if (!isnan(dense))
    snprintf(before, sizeof before,
             "\"dense\": {\"round\": 0, \"test_accuracy\": %g, \"seconds\": 2}, ", dense);
  snprintf(path, sizeof path, "%s/config.ini", dir);
  snprintf(text, sizeof text, "[run]\nname = %s\nseed = %d\n[prune]\nmethod = %s\n%s", dir, seed,
           method, prune);
  write_text(path, text);
  snprintf(path, sizeof path, "%s/result.json", dir);
  snprintf(text, sizeof text,
           "{\"status\": \"finished\", %s\"rounds\": [{\"round\": 1, \"test_accuracy\": %g, "
           "\"sparsity\": 0.5, \"seconds\": 3}]}",
           before, pruned);
  write_text(path, text);
}

static void make_run(const char *dir, int seed, const char *prune, double dense, double pruned) {
  make_run_by("magnitude", dir, seed, prune, dense, pruned);
}

typedef struct reading {
  esp__run_records runs;
  esp__config_diff facts;
  esp__points points;
} reading;

static reading read_all(const char *dir) {
  reading r = {0};
  esp_error err;
  ck_assert_msg(esp__run_records_add(&r.runs, dir, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(esp__config_diff_gather(&r.facts, &r.runs, &err), ESP_OK);
  ck_assert_int_eq(esp__points_gather(&r.points, &r.runs, &r.facts, &err), ESP_OK);
  return r;
}
static void free_all(reading *r) {
  esp__points_free(&r->points);
  esp__config_diff_free(&r->facts);
  esp__run_records_free(&r->runs);
}

/* One line of a chart: seeds and, with one round, sparsities; what else differs makes another and
 * names it. */
START_TEST(series) {
  make_run("a", 1, "sparsity = 0.5\n", 0.8, 0.7);
  make_run("b", 2, "sparsity = 0.5\n", 0.8, 0.7);
  make_run("c", 1, "sparsity = 0.9\n", 0.8, 0.6);
  make_run("d", 1, "sparsity = 0.9\ndistribution = uniform\n", 0.8, 0.6);
  make_run("e", 1, "sparsity = 0.5\nrounds = 3\n", 0.8, 0.6);
  make_run("f", 1, "sparsity = 0.9\nrounds = 3\n", 0.8, 0.6);
  reading r = read_all(".");
  const int expected[] = {0, 0, 0, 1, 2, 3};
  ck_assert_int_eq(r.facts.series, 4);
  for (int i = 0; i < 6; i++) ck_assert_int_eq(r.facts.series_of[i], expected[i]);
  ck_assert_str_eq(r.facts.series_name[0], "auto, rounds=1");
  ck_assert_str_eq(r.facts.series_name[1], "uniform, rounds=1");
  ck_assert_str_eq(r.facts.series_name[2], "auto, sparsity=0.5, rounds=3");
  ck_assert_str_eq(r.facts.series_name[3], "auto, sparsity=0.9, rounds=3");
  free_all(&r);
}
END_TEST

/* A run that prunes nothing is named by no default of pruning, but by what was set; in either
 * order. */
START_TEST(series_of_dense_networks) {
  make_run("a", 1, "sparsity = 0.5\nrounds = 1\n", 0.8, 0.7);
  make_run_by("none", _i ? "b" : "c", 1, "", 0.8, 0.8);
  make_run_by("none", _i ? "c" : "b", 1, "distribution = erk\n", 0.8, 0.8);
  reading r = read_all(".");
  ck_assert_int_eq(r.facts.series, 3);
  ck_assert_str_eq(r.facts.series_name[_i ? 1 : 2], "method=none");
  ck_assert_str_eq(r.facts.series_name[_i ? 2 : 1], "method=none, erk");
  free_all(&r);
}
END_TEST

/* The dense network of seed 1 is in two runs; counted twice it would make the deviation too
 * small. */
START_TEST(shared_dense_network_counts_once) {
  make_run("a", 1, "sparsity = 0.5\n", 0.8, 0.7);
  make_run("b", 1, "sparsity = 0.9\n", 0.8, 0.6);
  make_run("c", 2, "sparsity = 0.9\n", 0.82, 0.6);
  reading r = read_all(".");
  const int dense = esp__level_end(&r.points, 0), half = esp__level_end(&r.points, dense);
  const esp_stats_moments m =
      esp__level_moments(&r.points, 0, dense, offsetof(esp__point, quality));
  ck_assert_int_eq(m.n, 2);
  ck_assert_double_eq_tol(esp_stats_mean(&m), 0.81, 1e-12);
  ck_assert_int_eq(half - dense, 1);
  ck_assert_double_eq(r.points.item[dense].seconds, 5.0); /* dense and the round */
  ck_assert_int_eq(esp__level_end(&r.points, half) - half, 2);
  ck_assert_int_eq(esp__level_end(&r.points, half), r.points.count);
  free_all(&r);
}
END_TEST

/* What pruned while it trained has no dense network of its own: it is compared with that of a run
 * with its seed that prunes nothing, and with none rather than with that of another seed or
 * training. */
START_TEST(dense_network_of_another_run) {
  make_run_by("none", "a", 1, "", 0.8, 0.8);
  make_run_by("none", "b", 2, "", 0.9, 0.9);
  make_run_by("rigl", "c", 1, "sparsity = 0.5\n", NAN, 0.7);
  make_run_by("rigl", "d", 2, "sparsity = 0.5\n", NAN, 0.6);
  make_run_by("rigl", "e", 3, "sparsity = 0.5\n", NAN, 0.5);
  make_run_by("rigl", "f", 1, "sparsity = 0.5\n[train]\nlr = 0.4\n", NAN, 0.4);
  make_run("g", 1, "sparsity = 0.5\n", 0.85, 0.7); /* its own before any other's */
  make_run_by("rigl", "h", 1, "sparsity = 0.5\n[data]\npath = elsewhere\n", NAN, 0.3);
  reading r = read_all(".");
  const double expected[] = {0.0, 0.0, -0.1, -0.3, NAN, NAN, -0.15, NAN};
  const int dense[] = {0, 1, 0, 1, -1, -1, 6, -1};
  for (int i = 0; i < r.points.count; i++) {
    const esp__point *p = &r.points.item[i];
    if (p->round == 0) continue;
    ck_assert_int_eq(p->dense, dense[p->run]);
    ck_assert(isnan(expected[p->run]) ? isnan(p->change)
                                      : fabs(p->change - expected[p->run]) < 1e-12);
    if (i > 0 && esp__level_end(&r.points, i - 1) != i) continue; /* within a level */
    const int level = esp__dense_level(&r.points, &r.facts, i);
    ck_assert_int_eq(level < 0 ? -1 : r.points.item[level].series,
                     dense[p->run] < 0 ? -1 : r.facts.series_of[dense[p->run]]);
  }
  free_all(&r);
}
END_TEST

START_TEST(half_written_run) {
  make_run("a", 1, "", 0.8, 0.7);
  write_text("a/result.json", "{\"status\": \"running\", \"dense\": {");
  write_text("a/log.csv", "stage,epoch\n0,1\n0\n");
  reading r = read_all("a/");
  ck_assert_int_eq(r.points.count, 0);
  ck_assert_str_eq(r.runs.item[0].name, "a");
  ck_assert_ptr_nonnull(strstr(r.runs.item[0].missing, "a/result.json: expected a JSON object\n"));
  ck_assert_ptr_nonnull(
      strstr(r.runs.item[0].missing, "a/log.csv:3: 1 cells, expected 2 as in the first row\n"));
  ck_assert_ptr_nonnull(strstr(r.runs.item[0].missing, "layers.csv is not there (yet)\n"));
  ck_assert_str_eq(esp__run_record_status(&r.runs.item[0]), "not begun");
  free_all(&r);
}
END_TEST

/* Numbers and kinds that a result never has. */
START_TEST(hostile_results) {
  static const char *const texts[] = {"[]",
                                      "null",
                                      "{\"dense\": 7, \"rounds\": {\"a\": 1}}",
                                      "{\"dense\": {\"round\": -1, \"test_accuracy\": 1}}",
                                      "{\"dense\": {\"round\": 1e300, \"test_accuracy\": 1}}",
                                      "{\"dense\": {\"round\": 0, \"test_accuracy\": \"x\"}}",
                                      "{\"rounds\": [[], 3, null, {\"round\": 0}]}"};
  make_run("a", 1, "", 0.8, 0.7);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_text("a/result.json", texts[i]);
    reading r = read_all("a");
    ck_assert_int_eq(r.points.count, 0);
    free_all(&r);
  }
}
END_TEST

/* A page that is written while a run goes on says so, and when it is to be loaded again. */
START_TEST(live_page) {
  const char *const dir[] = {"a", "b"};
  const esp_report_request request = {.dir = dir, .dirs = 2, .page = "page.html"};
  esp__activity activity;
  esp_error err;
  make_run("a", 1, "", 0.8, 0.7);
  make_run("b", 2, "", 0.8, 0.7);
  write_text("a/result.json", "{\"status\": \"running\"}");
  write_text("a/progress.json",
             "{\"stage\":1,\"stages\":3,\"epoch\":0,\"epochs\":4,\"batch\":1,\"batches\":3,"
             "\"epochs_left\":8,\"loss\":1.5,\"accuracy\":0.25,\"sparsity\":0.5,"
             "\"images_per_second\":100,\"seconds_left\":90}");
  ck_assert_msg(esp__report_once(&request, 7.0, &activity, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(activity.at_work, 1);
  ck_assert_int_eq(activity.unfinished, 1);
  char *page;
  size_t bytes;
  ck_assert_int_eq(esp_file_read("page.html", 1 << 24, &page, &bytes, &err), ESP_OK);
  ck_assert_ptr_nonnull(strstr(page, "\"live\":{\"seconds\":7}"));
  ck_assert_ptr_nonnull(strstr(page, "[\"a\",\"round 1/2\",\"1/4\",1.5,25,50,100,1.5]"));
  free(page);
}
END_TEST

/* Whatever a name is, what is printed of it is XML. */
START_TEST(xml_of_any_text) {
  static const char *const texts[][2] = {
      {"a ]]> b", "a ]]&gt; b"},
      {"<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"},
      {"\033[31mred", "\xEF\xBF\xBD[31mred"},
      {"gr\xC3\xBC\xC3", "gr\xC3\xBC\xEF\xBF\xBD"},
      {"\xEF\xBF\xBF\x7f", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF0\x9F\x8C\xB3", "\xF0\x9F\x8C\xB3"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *text = NULL;
    size_t bytes;
    FILE *f = open_memstream(&text, &bytes);
    esp__xml_print(f, texts[i][0]);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_str_eq(text, texts[i][1]);
    free(text);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("records");
  TCase *c = tcase_create("records");
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, series);
  tcase_add_loop_test(c, series_of_dense_networks, 0, 2);
  tcase_add_test(c, shared_dense_network_counts_once);
  tcase_add_test(c, half_written_run);
  tcase_add_test(c, dense_network_of_another_run);
  tcase_add_test(c, hostile_results);
  tcase_add_test(c, live_page);
  tcase_add_test(c, xml_of_any_text);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
