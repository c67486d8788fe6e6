/* espalier report from outside: what it refuses, what it makes of unfinished and hostile runs, the
 * files of --figures. What the page looks like is tested in a browser (tests/report). */
#include "nets.h"
#include "rig.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

static void refused(const char *const *argument, const process_options *options,
                    const char *expected) {
  process p = espalier(options, argument);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(p.status == 2 && newline && !newline[1], "status %d: '%s'", p.status, p.err);
  ck_assert_msg(strstr(p.err, expected) != NULL, "'%s' lacks '%s'", p.err, expected);
  ck_assert(!exists("page.html") && !exists("report.html") && !exists("figures"));
  process_free(&p);
}
#define REFUSED(expected, ...) \
  refused((const char *const[]){__VA_ARGS__, NULL}, &(process_options){0}, expected)

static void run(const char *dir, const char *seed) {
  ESPALIER("run", "plain.ini", "-o", dir, seed, "prune.method=magnitude", "prune.rounds=2",
           "prune.sparsity=0.8");
}

/* The JSON in the page, as a browser finds it: from the tag to the first end of a script. */
static cJSON *data_of(const char *page) {
  char *text = bytes_read(page, NULL),
       *data = strstr(text, "<script id=\"data\" type=\"application/json\">");
  ck_assert_ptr_nonnull(data);
  data = strchr(data, '\n');
  char *end = strstr(data, "</script");
  ck_assert_ptr_nonnull(end);
  *end = '\0';
  cJSON *o = cJSON_Parse(data);
  ck_assert_msg(o != NULL, "the page's data do not parse");
  free(text);
  return o;
}

static bool has_note(const cJSON *report, const char *text) {
  const cJSON *note;
  cJSON_ArrayForEach(
      note, cJSON_GetObjectItem(report, "notes")) if (strstr(note->valuestring, text)) return true;
  return false;
}

START_TEST(bad_arguments) {
  mkdir("empty", 0777);
  REFUSED("expected run directories", "report");
  REFUSED("expected run directories", "report", "-o", "page.html");
  REFUSED("-o: expected a file name after it", "report", "empty", "-o");
  REFUSED("unknown option '--figure'; did you mean '--figures'?", "report", "empty", "--figure",
          "figures");
  REFUSED("nowhere: not a run directory", "report", "nowhere");
  REFUSED("empty: not a run directory, and holds none", "report", "empty", "-o", "page.html");
  REFUSED("plain.ini: not a run directory", "report", "plain.ini");
  REFUSED("empty: not a run directory", "report", "empty", "-o", "page.html", "--figures",
          "figures");
}
END_TEST

static bool has_gnuplot(void) {
  return exists("/usr/bin/gnuplot");
}

#define PAPER "prune.method,sparsity,test_accuracy,tolerance,source\n,0,50,,dense\n"

START_TEST(bad_papers) {
  run("runs/a", "run.seed=1");
  REFUSED("--paper: expected a paper after it", "report", "runs", "--paper");
  REFUSED("renda: no such paper", "report", "runs", "--paper", "renda");
  text_write("paper.csv", "sparsity,test_accuracy\n0.5,much\n");
  REFUSED("paper.csv:2: test_accuracy = 'much'", "report", "runs", "--paper", "paper.csv");
  text_write("paper.csv", "prune.method,sparsity,test_accuracy\nrandom,0,50\nrandom,0.8,40\n");
  REFUSED("--paper: nothing in paper.csv is about these runs", "report", "runs", "--paper",
          "paper.csv");
}
END_TEST

static const cJSON *sheet_of(const cJSON *report, const char *id) {
  const cJSON *sheet;
  cJSON_ArrayForEach(
      sheet, cJSON_GetObjectItem(
                 report, "sheets")) if (strcmp(cJSON_GetObjectItem(sheet, "id")->valuestring, id) ==
                                        0) return sheet;
  ck_abort_msg("no sheet %s", id);
}

static const cJSON *cell_in(const cJSON *sheet, int row, const char *name) {
  const cJSON *column;
  int i = 0;
  cJSON_ArrayForEach(column, cJSON_GetObjectItem(sheet, "columns")) {
    if (strcmp(cJSON_GetObjectItem(column, "name")->valuestring, name) == 0) break;
    i++;
  }
  return cJSON_GetArrayItem(cJSON_GetArrayItem(cJSON_GetObjectItem(sheet, "rows"), row), i);
}

/* Two seeds and two rounds, of which the paper has the last; the dense network, which both seeds
 * have, and all the sparsities of the paper. */
START_TEST(beside_a_paper) {
  run("runs/a", "run.seed=1");
  run("runs/b", "run.seed=2");
  ESPALIER("run", "plain.ini", "-o", "runs/c", "prune.method=random", "prune.rounds=2",
           "prune.sparsity=0.8");
  cJSON *a = result_read("runs/a"), *b = result_read("runs/b");
  const double accuracy = 50.0 * (number_of(cJSON_GetObjectItem(a, "final"), "test_accuracy") +
                                  number_of(cJSON_GetObjectItem(b, "final"), "test_accuracy"));
  const double dense = 50.0 * (number_of(cJSON_GetObjectItem(a, "dense"), "test_accuracy") +
                               number_of(cJSON_GetObjectItem(b, "dense"), "test_accuracy"));
  cJSON_Delete(a);
  cJSON_Delete(b);
  for (int outside = 0; outside < 2; outside++) {
    char text[512];
    snprintf(text, sizeof text, PAPER "magnitude,0.95,30,,\nmagnitude,0.8,%.6f,1,table 1\n",
             50.0 + accuracy - dense - (outside ? 1.01 : 0.99));
    text_write("paper.csv", text);
    ESPALIER("report", "runs", "--paper", "paper.csv", "-o", "page.html");
    cJSON *report = data_of("page.html");
    const cJSON *paper = sheet_of(report, "paper"), *change = sheet_of(report, "paper-change");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(paper, "rows")), 3);
    ck_assert_str_eq(cell_in(paper, 0, "source")->valuestring, "dense");
    ck_assert_double_eq(cell_in(paper, 1, "seeds")->valuedouble, 2);
    ck_assert_double_eq_tol(cell_in(paper, 1, "accuracy_percent")->valuedouble, accuracy, 1e-6);
    ck_assert_double_eq_tol(cell_in(paper, 1, "change_points")->valuedouble, accuracy - dense,
                            1e-6);
    ck_assert_double_eq_tol(cell_in(paper, 1, "change_difference_points")->valuedouble,
                            outside ? 1.01 : 0.99, 1e-5);
    ck_assert_str_eq(cell_in(paper, 1, "verdict")->valuestring, outside ? "OUTSIDE" : "inside");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(change, "rows")), 6);
    const double sparsity[] = {0, 55.3, 80, 0, 80, 95};
    for (int i = 0; i < 6; i++) {
      ck_assert_str_eq(cell_in(change, i, "whose")->valuestring, i < 3 ? "ours" : "paper");
      ck_assert_double_eq_tol(cell_in(change, i, "sparsity_percent")->valuedouble, sparsity[i], 1);
    }
    ck_assert_double_eq(cell_in(change, 5, "change_points")->valuedouble, -20);
    cJSON_Delete(report);
  }
}
END_TEST

/* A paper without a dense network has no changes, one with nothing else no curve: what there is, is
 * drawn. */
START_TEST(papers_with_less) {
  run("runs/a", "run.seed=1");
  text_write("paper.csv", "prune.method,sparsity,test_accuracy\nmagnitude,0.8,40\n");
  ESPALIER("run", "plain.ini", "-o", "runs/rigl", "prune.method=rigl", "prune.sparsity=0.8",
           "prune.schedule=one-shot");
  text_write("rigl.csv", "prune.method,sparsity,test_accuracy\nrigl,0.8,40\n");
  ESPALIER("report", "runs/rigl", "--paper", "rigl.csv", "-o", "page.html");
  cJSON *report = data_of("page.html");
  const cJSON *chart;
  cJSON_ArrayForEach(chart, cJSON_GetObjectItem(report, "charts"))
      ck_assert_str_ne(cJSON_GetObjectItem(chart, "id")->valuestring, "paper-change");
  sheet_of(report, "paper-accuracy");
  cJSON_Delete(report);
  if (has_gnuplot())
    ESPALIER("report", "runs/rigl", "--paper", "rigl.csv", "-o", "page.html", "--figures",
             "figures");
  if (has_gnuplot())
    ESPALIER("report", "runs/a", "--paper", "paper.csv", "-o", "page.html", "--figures", "figures");
  text_write("paper.csv", "sparsity,test_accuracy\n0,40\n");
  ESPALIER("report", "runs/a", "--paper", "paper.csv", "-o", "page.html");
}
END_TEST

START_TEST(sweep_that_goes_on) {
  text_write("two.ini",
             CONFIG_BEGIN PLAIN_LAYERS "[prune]\nmethod = magnitude\n[sweep]\nrun.seed = 1 2 3\n");
  ESPALIER("sweep", "two.ini", "-o", "out");
  remove_tree("out/run.seed=2");
  ESPALIER("report", "out", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert(has_note(report, "out: 1 of the 3 runs of the sweep have not begun"));
  cJSON_Delete(report);
}
END_TEST

/* What of a run is at work is shown by a page that loads itself again; Ctrl-C ends it with one that
 * does not. */
START_TEST(following_a_run) {
  ESPALIER("run", "plain.ini", "-o", "runs/a", "prune.method=none");
  ESPALIER("report", "runs", "-o", "page.html", "--follow"); /* it has ended: one page */
  cJSON *report = data_of("page.html");
  ck_assert_ptr_null(cJSON_GetObjectItem(report, "live"));
  cJSON_Delete(report);
  remove("runs/a/result.json");
  text_write("runs/a/progress.json",
             "{\"stage\":1,\"stages\":3,\"epoch\":0,\"epochs\":4,\"batch\":1,\"batches\":3,"
             "\"epochs_left\":8,\"loss\":1.5,\"accuracy\":0.25,\"sparsity\":0.5,"
             "\"images_per_second\":100,\"seconds_left\":90}");
  const process_options stop = {.signal = 2, .begun = "live.html", .after = 0.1};
  process p =
      espalier(&stop, (const char *[]){"report", "runs", "-o", "live.html", "--follow", NULL});
  ck_assert_msg(p.status == 0 && !*p.err, "status %d, signal %d: %s", p.status, p.signal, p.err);
  process_free(&p);
  report = data_of("live.html");
  ck_assert_ptr_null(cJSON_GetObjectItem(report, "live"));
  cJSON_Delete(report);
}
END_TEST

START_TEST(damaged_configuration) {
  run("runs/a", "run.seed=1");
  text_write("runs/a/config.ini", "[run]\nsede = 1\n");
  REFUSED("runs/a/config.ini:2: unknown key 'sede' in [run]; did you mean 'seed'?", "report",
          "runs");
}
END_TEST

/* The page is whole or not there. */
START_TEST(page_that_cannot_be_written) {
  run("runs/a", "run.seed=1");
  REFUSED("missing/page.html: cannot be made", "report", "runs", "-o", "missing/page.html");
  REFUSED("runs: is", "report", "runs", "-o", "runs");
  refused((const char *const[]){"report", "runs", "-o", "page.html", NULL},
          &(process_options){.file_limit = 1000}, "page.html: cannot be written");
  ck_assert(!exists("page.html.espalier.tmp"));
}
END_TEST

START_TEST(series_and_points) {
  run("runs/a", "run.seed=1");
  run("runs/b", "run.seed=2");
  ESPALIER("run", "plain.ini", "-o", "other", "prune.method=random", "prune.rounds=2",
           "prune.sparsity=0.8");
  ESPALIER("report", "runs", "other", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(report, "series")), 2);
  ck_assert_str_eq(cJSON_GetArrayItem(cJSON_GetObjectItem(report, "series"), 0)->valuestring,
                   "magnitude");
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(report, "notes")), 0);
  cJSON_Delete(report);
}
END_TEST

/* As after a crash: the first epoch is not over. */
START_TEST(half_written_run) {
  run("runs/a", "run.seed=1");
  run("runs/b", "run.seed=2");
  remove("runs/b/result.json");
  remove("runs/b/log.csv");
  remove("runs/a/confusion.csv");
  remove("runs/a/round-02.safetensors");
  ESPALIER("report", "runs", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert(has_note(report, "runs/b: result.json is not there (yet)"));
  ck_assert(has_note(report, "runs/b: log.csv is not there (yet)"));
  ck_assert(has_note(report, "runs/b: the run is not finished"));
  ck_assert(has_note(report, "runs/a: confusion.csv is not there (yet)"));
  ck_assert(has_note(report, "runs/a: round-02.safetensors is not there (yet)"));
  cJSON_Delete(report);
  ESPALIER("report", "runs/b", "-o", "page.html");
}
END_TEST

/* What runs record has grown: an old one gives a page without the rest, and is not taken to know
 * its bytes, which were another number then. */
START_TEST(run_of_an_earlier_version) {
  run("runs/a", "run.seed=1");
  remove("runs/a/costs.csv");
  remove("runs/a/sparsity.csv");
  remove("runs/a/turned.csv");
  remove("runs/a/turned.safetensors");
  ESPALIER("report", "runs", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert(has_note(report, "1 of 1 finished runs are of an earlier version"));
  ck_assert(cJSON_IsNull(cell_in(sheet_of(report, "image-costs"), 0, "kilobytes")));
  ck_assert(cJSON_IsNumber(cell_in(sheet_of(report, "image-costs"), 0, "million_macs")));
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(sheet_of(report, "turned"), "rows")), 0);
  const cJSON *chart;
  cJSON_ArrayForEach(chart, cJSON_GetObjectItem(report, "charts"))
      ck_assert_str_ne(cJSON_GetObjectItem(chart, "id")->valuestring, "accuracy-bytes");
  cJSON_Delete(report);
}
END_TEST

/* A step of [compress] is a level of its own. Integers of 8 bits take a quarter of the traffic, and
 * a multiply-add of them 0.3 pJ, where one of floats takes 4.6 (Horowitz 2014). */
START_TEST(steps_are_levels) {
  run("runs/a", "compress.steps=quantise");
  ESPALIER("report", "runs/a", "-o", "page.html");
  cJSON *report = data_of("page.html");
  const cJSON *costs = sheet_of(report, "image-costs");
  const int last = cJSON_GetArraySize(cJSON_GetObjectItem(costs, "rows")) - 1;
  ck_assert(strstr(cell_in(costs, last, "level")->valuestring, " %, quantise"));
  ck_assert_ptr_null(strstr(cell_in(costs, last - 1, "level")->valuestring, ","));
  for (int row = last - 1; row <= last; row++) {
    const double macs = cell_in(costs, row, "million_macs")->valuedouble,
                 moved = cell_in(costs, row, "kilobytes_moved")->valuedouble;
    ck_assert_double_eq_tol(cell_in(costs, row, "compute_microjoules")->valuedouble,
                            macs * (row == last ? 0.3 : 4.6), 1e-9);
    ck_assert_double_eq_tol(cell_in(costs, row, "memory_microjoules")->valuedouble, moved * 0.16,
                            1e-9);
  }
  const double floats = cell_in(costs, last - 1, "kilobytes_moved")->valuedouble;
  ck_assert_double_eq_tol(cell_in(costs, last, "kilobytes_moved")->valuedouble, floats / 4.0,
                          0.02 * floats);
  cJSON_Delete(report);
}
END_TEST

/* Pictures that are no pictures are left out. */
START_TEST(damaged_pictures) {
  ESPALIER("run", "plain.ini", "-o", "runs/a", "prune.method=random", "prune.sparsity=0.95",
           "train.epochs=8");
  size_t bytes;
  char *pictures = bytes_read("runs/a/turned.safetensors", &bytes);
  bytes_write("runs/a/turned.safetensors", pictures, bytes - 7);
  ESPALIER("report", "runs", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert(has_note(report, "runs/a/turned.safetensors"));
  cJSON_Delete(report);
  char *weights = bytes_read("runs/a/dense.safetensors", &bytes);
  bytes_write("runs/a/turned.safetensors", weights, bytes);
  text_write("runs/a/turned.csv", "image,label\n1,99999999\n-1,x\n");
  ESPALIER("report", "runs", "-o", "page.html");
  free(pictures);
  free(weights);
}
END_TEST

/* Weights that are damaged are said to be, and not drawn. */
START_TEST(damaged_weights) {
  size_t bytes;
  run("runs/a", "run.seed=1");
  char *weights = bytes_read("runs/a/round-02.safetensors", &bytes);
  weights[bytes - 5] ^= 1;
  bytes_write("runs/a/round-02.safetensors", weights, bytes);
  free(weights);
  ESPALIER("report", "runs", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert(has_note(report, "do not match their SHA-256"));
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(report, "pictures")),
                   1); /* the dense filters */
  cJSON_Delete(report);
}
END_TEST

/* No text from a run can end the script it stands in, or begin another. */
START_TEST(hostile_names) {
  ESPALIER("run", "plain.ini", "-o", "runs/<script>alert(1)<", "prune.method=magnitude",
           "data.path=</script><script>alert(1)</script>");
  ESPALIER("report", "runs/<script>alert(1)<", "-o", "page.html");
  cJSON *report = data_of("page.html");
  ck_assert_str_eq(cJSON_GetObjectItem(report, "title")->valuestring, "runs/<script>alert(1)<");
  cJSON_Delete(report);
  char *page = bytes_read("page.html", NULL);
  ck_assert_ptr_null(strstr(page, "<script>alert"));
  free(page);
}
END_TEST

/* The confusion of classes counts every test image, and its diagonal the right answers, of the
 * dense network and of the newest round; also after a crash. */
START_TEST(confusion_of_classes) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.rounds=3");
  cJSON *result = result_read("a");
  table t = table_read("a/confusion.csv");
  const cJSON *of[] = {cJSON_GetObjectItem(result, "dense"), cJSON_GetObjectItem(result, "final")};
  const char *const rounds[] = {"0", "3"};
  int rows = 0;
  for (int k = 0; k < 2; k++) {
    double images = 0, right = 0;
    for (int row = 1; row < t.rows; row++) {
      if (strcmp(cell_of(&t, row, "round"), rounds[k]) != 0) continue;
      const double count = atof(cell_of(&t, row, "images"));
      images += count;
      if (strcmp(cell_of(&t, row, "label"), cell_of(&t, row, "answer")) == 0) right += count;
      rows++;
    }
    ck_assert_double_eq(images, 48);
    ck_assert_double_eq_tol(right / images, number_of(of[k], "test_accuracy"), 1e-12);
  }
  ck_assert_int_eq(rows, t.rows - 1);
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(result, "classes")), 10);
  table_free(&t);
  cJSON_Delete(result);
}
END_TEST

static void has_figures(const char *const *name) {
  char path[256];
  for (; *name; name++) {
    snprintf(path, sizeof path, "figures/%s", *name);
    ck_assert_msg(exists(path), "no %s", path);
  }
  /* and the drawing of the network, which needs no script */
  ck_assert_int_eq(count_files("figures", ".svg"), count_files("figures", ".gp") + 1);
  ck_assert(!exists("pwned") && !exists("figures/pwned"));
}
#define HAS_FIGURES(...) has_figures((const char *const[]){__VA_ARGS__, NULL})

START_TEST(figures) {
  if (!has_gnuplot()) return;
  run("runs/a", "run.seed=1");
  run("runs/b", "run.seed=2");
  ESPALIER("report", "runs", "-o", "page.html", "--figures", "figures");
  HAS_FIGURES("accuracy-sparsity.svg", "accuracy-training.svg", "loss.svg", "density-1.svg",
              "confusion-1.svg", "training.csv", "results.csv", "differences.csv", "runs.csv");
  table density = table_read("figures/density-1.csv");
  ck_assert_str_eq(cell_of(&density, 3, "layer"), "linear1");
  ck_assert_str_eq(cell_of(&density, 3, "dense"), "100");
  table_free(&density);
}
END_TEST

static int count_in(const char *text, const char *word) {
  int count = 0;
  for (; (text = strstr(text, word)); text += strlen(word)) count++;
  return count;
}

/* UTF-8 without a character that XML cannot hold, and no CDATA section that ends before its end. */
static void check_svg(const char *path) {
  char *svg = bytes_read(path, NULL);
  for (const char *c = svg; *c; c++)
    ck_assert_msg((unsigned char)*c >= ' ' || strchr("\t\r\n", *c), "%s: a control character",
                  path);
  ck_assert_int_eq(count_in(svg, "]]>"), count_in(svg, "<![CDATA["));
  ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
  ck_assert_msg(mbstowcs(NULL, svg, 0) != (size_t)-1, "%s: not UTF-8", path);
  free(svg);
}

/* A series' name in a script: nothing in it is a command, and in a table it stays in its row; and
 * in a picture. */
/* Factors are other layers, whatever they are called: the density of conv2, dense and pruned, is
 * followed by nothing. */
START_TEST(figures_of_other_layers) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.skip=conv2",
           "compress.steps=factorise share", "compress.factorise_rank=2");
  ESPALIER("report", "a", "-o", "page.html", "--figures", "f");
  char *density = bytes_read("f/density-1.csv", NULL),
       *macs = bytes_read("f/layer-macs-1.csv", NULL);
  ck_assert_msg(strstr(density, "\nconv2,100,100,,\n"), "%s", density);
  ck_assert_msg(strstr(macs, "layer,pruned\n") && strstr(macs, "\nconv3,"), "%s", macs);
  free(density);
  free(macs);
}
END_TEST

START_TEST(figures_of_hostile_names) {
  if (!has_gnuplot()) return;
  ESPALIER("run", "plain.ini", "-o", "runs/`touch pwned`'$(touch pwned)\n\"]]>\377\033[31m<b>",
           "prune.method=magnitude");
  ESPALIER("report", "runs", "-o", "page.html", "--figures", "figures");
  HAS_FIGURES("accuracy-sparsity.svg");
  check_svg("figures/accuracy-sparsity.svg");
  check_svg("figures/loss.svg");
  check_svg("figures/network-1.svg");
}
END_TEST

/* gnuplot takes names of classes from tables. */
START_TEST(figures_of_hostile_classes) {
  if (!has_gnuplot()) return;
  run("runs/a", "run.seed=1");
  char *result = bytes_read("runs/a/result.json", NULL), *name = strstr(result, "\"circle\"");
  ck_assert_ptr_nonnull(name);
  memcpy(name, "\"c]]>le\"", 8);
  text_write("runs/a/result.json", result);
  free(result);
  ESPALIER("report", "runs", "-o", "page.html", "--figures", "figures");
  char *svg = bytes_read("figures/confusion-1.svg", NULL);
  ck_assert_ptr_nonnull(strstr(svg, "c]]&gt;le"));
  free(svg);
  check_svg("figures/confusion-1.svg");
}
END_TEST

START_TEST(figures_without_gnuplot) {
  run("runs/a", "run.seed=1");
  refused((const char *const[]){"report", "runs", "-o", "page.html", "--figures", "figures", NULL},
          &(process_options){.environment = (const char *const[]){"PATH=/nowhere", NULL}},
          "--figures: there is no gnuplot");
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("report");
  TCase *c = tcase_create("report");
  tcase_add_checked_fixture(c, setup, NULL);
  tcase_set_timeout(c, 120);
  tcase_add_test(c, bad_arguments);
  tcase_add_test(c, bad_papers);
  tcase_add_test(c, beside_a_paper);
  tcase_add_test(c, papers_with_less);
  tcase_add_test(c, sweep_that_goes_on);
  tcase_add_test(c, following_a_run);
  tcase_add_test(c, damaged_configuration);
  tcase_add_test(c, page_that_cannot_be_written);
  tcase_add_test(c, series_and_points);
  tcase_add_test(c, half_written_run);
  tcase_add_test(c, run_of_an_earlier_version);
  tcase_add_test(c, steps_are_levels);
  tcase_add_test(c, damaged_pictures);
  tcase_add_test(c, damaged_weights);
  tcase_add_test(c, hostile_names);
  tcase_add_test(c, confusion_of_classes);
  tcase_add_test(c, figures);
  tcase_add_test(c, figures_of_other_layers);
  tcase_add_test(c, figures_of_hostile_names);
  tcase_add_test(c, figures_of_hostile_classes);
  tcase_add_test(c, figures_without_gnuplot);
  suite_add_tcase(suite, c);
  return rig_end(suite);
}
