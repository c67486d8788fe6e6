/* espalier compare: a sweep beside the figures of a paper */
#include "cli/cli.h"
#include "sweep/summary.h"

#include <espalier/paper.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const esp__argument arguments[] = {
    {.name = "absolute",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(esp_compare_options, absolute),
     .help = "Judges the accuracy instead of the change to the dense network."},
    {.name = "tolerance",
     .type = ESP_ARGUMENT_REAL,
     .offset = offsetof(esp_compare_options, tolerance),
     .value = "POINTS",
     .min = 0,
     .max = 100,
     .help = "The band on both sides of the paper's figures, in points of per cent."},
    {0},
};

static void print_points(const char *format, double value) {
  char text[32] = "-";
  if (!isnan(value)) snprintf(text, sizeof text, format, value);
  printf(" %8s", text);
}

/* The values of the swept keys, but for the seed. */
static void print_label(const esp_sweep *s, int run) {
  bool first = true;
  printf("  ");
  for (int a = 0; a < s->axes; a++) {
    if (strcmp(s->axis[a].key, "run.seed") == 0) continue;
    printf("%s%s=%s", first ? "" : ", ", s->axis[a].key, s->axis[a].value[s->run[run].choice[a]]);
    first = false;
  }
}

static void print_row(const esp_sweep *s, const esp_paper *p, const esp_comparison *c,
                      const esp__summary_row *ours) {
  print_points("%.2f", 100.0 * ours->sparsity);
  printf(" %4d", ours->accuracy.n);
  print_points("%.2f", c->accuracy[0]);
  print_points("%.2f", c->accuracy[1]);
  print_points("%+.2f", c->difference);
  print_points("%+.2f", c->change[0]);
  print_points("%+.2f", c->change[1]);
  print_points("%+.2f", c->difference_of_change);
  print_points("%.2f", c->band);
  printf("  %-7s", esp_paper_verdict(c));
  print_label(s, ours->run);
  const char *source = esp_csv_cell(&p->table, c->theirs, p->source);
  if (*source) printf("  (%s)", source);
  putchar('\n');
}

/* Runs that were asked for and are not finished. */
static int count_missing(const esp_sweep *s, const esp__summary *m) {
  int missing = 0;
  for (int i = s->denses; i < s->runs; i++) missing += m->result[i].rounds == 0;
  return missing;
}

/* Why there was nothing to judge. */
static esp_status say_nothing_judged(const esp_comparison *c, int n, bool absolute,
                                     esp_error *err) {
  bool pruned = false, changed = false;
  for (int i = 0; i < n; i++) {
    pruned |= !isnan(c[i].change[1]);
    changed |= !isnan(c[i].difference_of_change);
  }
  return esp_fail(
      err, ESP_ERR_FAILED,
      absolute || changed
          ? "nothing was judged: the paper states no deviation; give --tolerance POINTS"
      : pruned ? "nothing was judged: our runs have no dense network to be compared with; "
                 "add prune.method = none to the sweep, or give --absolute"
               : "nothing was judged: of pruned networks with a dense one beside there is none on "
                 "both sides; --absolute judges accuracies");
}

static void print_table(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_comparison *c, int n) {
  printf("%8s  %4s %26s %26s\n", "", "", "--------- top-1 ---------", "---- change to dense ----");
  printf(" %8s %4s %8s %8s %8s %8s %8s %8s %8s\n", "sparsity", "runs", "ours", "theirs", "differ",
         "ours", "theirs", "differ", "band");
  for (int i = 0; i < n; i++) print_row(s, p, &c[i], &m->row[c[i].ours]);
}

static esp_status print(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_comparison *c, int n, const esp__arguments *a, esp_error *err) {
  int judged = 0, outside = 0;
  const int missing = count_missing(s, m);
  const esp_compare_options *o = a->options;
  if (n == 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: nothing in %s is about these runs: expected finished runs whose keys and sparsities "
        "are in it",
        a->positional.item[0], a->positional.item[1]);
  print_table(s, p, m, c, n);
  for (int i = 0; i < n; i++) {
    judged += !isnan(c[i].band);
    outside += !isnan(c[i].band) && !c[i].inside;
  }
  printf("\n%d of %d figures judged, by their %s; %d outside the band\n", judged, n,
         o->absolute ? "accuracy" : "change to the dense network", outside);
  if (missing > 0)
    printf("warning: %d of %d runs are not finished\n", missing, s->runs - s->denses);
  if (judged == 0) return say_nothing_judged(c, n, o->absolute, err);
  if (m->seeds < 2)
    puts(
        "warning: ours is one seed, at least in part; "
        "a deviation that the paper states counts as ours too");
  if (outside == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_FAILED, "%d of %d figures lie outside the band", outside, judged);
}

static esp_status compare(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                          const esp__arguments *a, esp_error *err) {
  esp_comparison *c = NULL;
  int n = 0;
  esp_measured *ours = calloc((size_t)m->rows + 1, sizeof *ours);
  if (!ours) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the comparison");
  for (int i = 0; i < m->rows; i++) {
    const esp__summary_row *r = &m->row[i];
    const esp_sweep_run *run = &s->run[r->run];
    ours[i] =
        (esp_measured){&run->config, run->dense, r->round, r->sparsity, r->accuracy, r->change};
  }
  esp_status status =
      esp_paper_compare(p, ours, m->rows, *(const esp_compare_options *)a->options, &c, &n, err);
  if (status == ESP_OK) status = print(s, p, m, c, n, a, err);
  free(c);
  free(ours);
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  esp_paper p;
  esp_sweep s;
  esp__summary m;
  ESP_TRY(esp_paper_open(&p, a->positional.item[1], err));
  esp_status status = esp_sweep_open(&s, a->positional.item[0], err);
  if (status == ESP_OK) {
    status = esp__summary_make(&m, &s, err);
    if (status == ESP_OK) {
      status = compare(&s, &p, &m, a, err);
      esp__summary_free(&m);
    }
    esp_sweep_free(&s);
  }
  esp_paper_free(&p);
  return status;
}

const esp__command esp__command_compare = {
    .name = "compare",
    .summary =
        "the results of a sweep or run beside those of a paper; "
        "fails when they lie outside the band",
    .description =
        "PAPER is a CSV file, or the name of one in configs/papers, such as renda2020. "
        "Its rows are matched with ours by sparsity and by the keys that they name. "
        "All figures are points of per cent.\n"
        "\n"
        "What is judged is the change to the dense network (accuracy after pruning - accuracy of "
        "the dense network, run by run), which depends less on data and recipe than the accuracy "
        "itself; with --absolute it is the accuracy. "
        "Ours lies inside the band when it differs from theirs by no more than\n"
        "- --tolerance POINTS, if given; else\n"
        "- the tolerance that the paper's row states, if it does; else\n"
        "- twice the standard deviation of the difference, 2 sqrt(theirs^2 + ours^2). "
        "Theirs is what the paper reports over its trials, together with that of its dense network "
        "where changes are judged; ours is that over seeds, "
        "and counts as theirs when there is only one.\n"
        "\n"
        "Where a paper says neither, the row is shown and not judged. "
        "The exit status is 1 if any figure is outside, and if none could be judged.\n",
    .positional = {.usage = "DIR PAPER",
                   .expected = "a sweep or run and a paper",
                   .least = 2,
                   .most = 2,
                   .kind = ESP_WORD_FILE},
    .options = arguments,
    .options_bytes = sizeof(esp_compare_options),
    .run = run,
};
