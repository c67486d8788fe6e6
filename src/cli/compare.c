/* espalier compare: a sweep beside the figures of a paper */
#include "base/text.h"
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
    printf("%s%s=", first ? "" : ", ", s->axis[a].key);
    esp__print_line(stdout, s->axis[a].value[s->run[run].choice[a]], 0);
    first = false;
  }
}

static void print_row(const esp_sweep *s, const esp_paper *p, const esp_comparison *c,
                      const esp__summary_row *ours) {
  print_points("%.2f", 100.0 * ours->sparsity);
  printf(" %4d", ours->quality.n);
  print_points("%.2f", c->accuracy[0]);
  print_points("%.2f", c->accuracy[1]);
  print_points("%+.2f", c->difference);
  print_points("%+.2f", c->change[0]);
  print_points("%+.2f", c->change[1]);
  print_points("%+.2f", c->difference_of_change);
  print_points("%.2f", c->band);
  printf("  %-7s", esp_paper_verdict(c));
  if (*c->differs) printf(": another %s", c->differs);
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

/* What became of the figures. */
typedef struct tally {
  int judged, outside, not_comparable;
} tally;

static tally tally_of(const esp_comparison *c, int n) {
  tally t = {0, 0, 0};
  for (int i = 0; i < n; i++) {
    t.judged += !isnan(c[i].band);
    t.outside += !isnan(c[i].band) && !c[i].inside;
    t.not_comparable += *c[i].differs != '\0';
  }
  return t;
}

/* Why there was nothing to judge. */
static esp_status say_nothing_judged(const esp_comparison *c, int n, bool absolute,
                                     esp_error *err) {
  bool pruned = false, changed = false;
  if (tally_of(c, n).not_comparable == n)
    return esp_fail(err, ESP_ERR_INPUT,
                    "nothing was judged: the paper has other networks or data; expected a sweep "
                    "of its own, as configs/papers has them");
  for (int i = 0; i < n; i++) {
    pruned |= !isnan(c[i].change[1]);
    changed |= !isnan(c[i].difference_of_change);
  }
  return esp_fail(
      err, ESP_ERR_INPUT,
      absolute || changed
          ? "nothing was judged: the paper states no deviation; give --tolerance POINTS"
      : pruned ? "nothing was judged: our runs have no dense network to be compared with; "
                 "add prune.method = none to the sweep, or give --absolute"
               : "nothing was judged: of pruned networks with a dense one beside there is none on "
                 "both sides; --absolute judges accuracies");
}

/* ---- the order of methods ---- */

static void print_network(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                          const esp_comparison *c) {
  const char *source = esp_csv_cell(&p->table, c->theirs, p->source);
  if (*source)
    printf(" %s", source);
  else
    print_label(s, m->row[c->ours].run);
  printf(" (%.2f, ours %.2f)", c->accuracy[1], c->accuracy[0]);
}

static void print_order(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_comparison *c, const esp_paper_order *order) {
  if (order->pairs == 0) return;
  printf(
      "order of methods: Kendall's tau = %.2f over %d pairs; %d inverted, %d of them within the "
      "noise\n",
      order->tau, order->pairs, order->inversions, order->inversions - order->beyond_noise);
  for (int i = 0; i < order->inversions; i++) {
    const esp_inversion *v = &order->inversion[i];
    printf("  at %.2f, inverted%s:", 100.0 * esp_paper_figure(p, c[v->better].theirs).sparsity,
           v->noise ? " within the noise" : "");
    print_network(s, p, m, &c[v->better]);
    printf(" >");
    print_network(s, p, m, &c[v->worse]);
    putchar('\n');
  }
}

static void print_table(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_comparison *c, int n) {
  printf("%8s  %4s %26s %26s\n", "", "", "--------- top-1 ---------", "---- change to dense ----");
  printf(" %8s %4s %8s %8s %8s %8s %8s %8s %8s\n", "sparsity", "runs", "ours", "theirs", "differ",
         "ours", "theirs", "differ", "band");
  for (int i = 0; i < n; i++) print_row(s, p, &c[i], &m->row[c[i].ours]);
}

static esp_status check_any(int n, const esp__arguments *a, esp_error *err) {
  if (n > 0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "%s: nothing in %s is about these runs: expected finished runs whose keys and sparsities "
      "are in it",
      a->positional.item[0], a->positional.item[1]);
}

static void print_warnings(const esp_sweep *s, const esp__summary *m, const tally *t) {
  const int missing = count_missing(s, m);
  if (missing > 0)
    printf("warning: %d of %d runs are not finished\n", missing, s->runs - s->denses);
  if (m->seeds < 2 && t->judged > 0)
    puts(
        "warning: ours is one seed, at least in part; "
        "a deviation that the paper states counts as ours too");
}

static esp_status verdict(const esp_comparison *c, int n, const tally *t,
                          const esp_paper_order *order, bool absolute, esp_error *err) {
  if (t->judged == 0) return say_nothing_judged(c, n, absolute, err);
  if (t->outside > 0)
    return esp_fail(err, ESP_ERR_FAILED, "%d of %d figures lie outside the band", t->outside,
                    t->judged);
  if (order->beyond_noise > 0)
    return esp_fail(err, ESP_ERR_FAILED,
                    "%d of %d pairs of methods stand in the other order, beyond the noise",
                    order->beyond_noise, order->pairs);
  return ESP_OK;
}

static esp_status print(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_comparison *c, int n, const esp_paper_order *order,
                        const esp__arguments *a, esp_error *err) {
  const bool absolute = ((const esp_compare_options *)a->options)->absolute;
  const tally t = tally_of(c, n);
  ESP_TRY(check_any(n, a, err));
  print_table(s, p, m, c, n);
  printf("\n%d of %d figures judged, by their %s; %d outside the band", t.judged, n,
         absolute ? "accuracy" : "change to the dense network", t.outside);
  if (t.not_comparable > 0) printf("; %d not comparable", t.not_comparable);
  putchar('\n');
  print_order(s, p, m, c, order);
  print_warnings(s, m, &t);
  return verdict(c, n, &t, order, absolute, err);
}

/* Judges, and says it. */
static esp_status judge(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                        const esp_measured *ours, const esp__arguments *a, esp_error *err) {
  const esp_compare_options o = *(const esp_compare_options *)a->options;
  esp_comparison *c;
  esp_paper_order order;
  int n;
  ESP_TRY(esp_paper_compare(p, ours, m->rows, o, &c, &n, err));
  esp_status status = esp_paper_order_of(&order, p, ours, c, n, o, err);
  if (status == ESP_OK) {
    status = print(s, p, m, c, n, &order, a, err);
    esp_paper_order_free(&order);
  }
  free(c);
  return status;
}

static esp_status compare(const esp_sweep *s, const esp_paper *p, const esp__summary *m,
                          const esp__arguments *a, esp_error *err) {
  esp_measured *ours = calloc((size_t)m->rows + 1, sizeof *ours);
  if (!ours) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the comparison");
  for (int i = 0; i < m->rows; i++) {
    const esp__summary_row *r = &m->row[i];
    const esp_sweep_run *run = &s->run[r->run];
    ours[i] = (esp_measured){.config = &run->config,
                             .test_labels = m->result[r->run].test_labels,
                             .training = run->dense,
                             .round = r->round,
                             .sparsity = r->sparsity,
                             .accuracy = r->quality,
                             .change = r->change};
  }
  const esp_status status = judge(s, p, m, ours, a, err);
  free(ours);
  return status;
}

static esp_status check_quality(const esp_sweep *s, const char *paper, esp_error *err) {
  const esp_quality *q = esp_sweep_quality(s);
  if (q == esp_quality_of(false)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: the figures of a paper are accuracies, and the runs in %s are judged by %s; "
                  "expected runs with classes",
                  paper, s->dir, q->title);
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  esp_paper p;
  esp_sweep s;
  esp__summary m;
  ESP_TRY(esp_paper_open(&p, a->positional.item[1], err));
  esp_status status = esp_sweep_open(&s, a->positional.item[0], err);
  if (status == ESP_OK) {
    status = check_quality(&s, a->positional.item[1], err);
    if (status == ESP_OK) status = esp__summary_make(&m, &s, err);
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
        "fails when they lie outside the band, or methods stand in another order",
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
        "- half of the 95 % interval of the difference of two means (Welch 1947), from the "
        "deviations and the numbers of runs on both sides: that which the paper reports over its "
        "trials, together with that of its dense network where changes are judged, and ours over "
        "seeds. Where the paper does not say its trials, and where ours is one seed, a deviation "
        "counts as that of one run; ours is then taken to be theirs.\n"
        "\n"
        "Where a paper says neither, the row is shown and not judged. Where network or data are "
        "other ones, it is shown as not comparable: the keys of [model] and [data] that the row "
        "names, and the labels of the test images.\n"
        "\n"
        "The order of methods is judged too: of every two pruned networks of one sparsity, network "
        "and data, whether the better one in the paper is better with us (Kendall's tau). An "
        "inversion is within the noise where the difference of theirs, or of ours, is within the "
        "same interval, or the tolerance.\n"
        "\n"
        "The exit status is 0 if all figures that were judged are inside, and no order is "
        "inverted beyond the noise; 1 if not; 2 if nothing could be judged.\n",
    .positional = {.usage = "DIR PAPER",
                   .expected = "a sweep or run and a paper",
                   .least = 2,
                   .most = 2,
                   .kind = ESP_WORD_FILE},
    .options = arguments,
    .options_bytes = sizeof(esp_compare_options),
    .run = run,
};
