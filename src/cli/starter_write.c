#include "cli/starter.h"

#include <stdlib.h>
#include <string.h>

/* ---- what suits the data ---- */

/* How long and with how many images a step: fewer images take more epochs and smaller batches. */
typedef struct recipe {
  int64_t images; /* from so many */
  int epochs, batch;
  const char *arch; /* of colour pictures */
} recipe;
static const recipe recipes[] = {
    {20000, 24, 128, "resnet20"}, {5000, 40, 128, "resnet20"}, {1000, 60, 64, "resnet8"},
    {200, 80, 32, "resnet8"},     {0, 100, 16, "resnet8"},
};

static const recipe *recipe_for(int64_t images) {
  const recipe *r = recipes;
  while (images < r->images) r++;
  return r;
}

static bool is_grey(const esp__found_data *d) {
  return d->shape.channels == 1;
}

/* LeNet-5 has no place for other sizes. */
static const char *picture_arch(const esp__found_data *d) {
  const bool digits = is_grey(d) && d->shape.height == 28 && d->shape.width == 28;
  return digits ? "lenet5" : recipe_for(d->images)->arch;
}

/* ---- lines ---- */

enum { LINES_MAX = 32 };

typedef struct writer {
  FILE *out;
  const char *section; /* that was begun last */
  struct {
    const char *section, *key;
  } line[LINES_MAX]; /* that were written */
  int lines, overrides;
  const char *const *override;
} writer;

/* The value that an override, section.key=value, gives the key; NULL: it is about another. */
static const char *value_of(const char *override, const char *section, const char *key) {
  const size_t first = strlen(section), second = strlen(key);
  const bool same = strncmp(override, section, first) == 0 && override[first] == '.' &&
                    strncmp(override + first + 1, key, second) == 0 &&
                    override[first + 1 + second] == '=';
  return same ? override + first + 2 + second : NULL;
}

/* The value that the last override of the key gives it; NULL: there is none. */
static const char *asked(const writer *w, const char *section, const char *key) {
  const char *value = NULL;
  for (int i = w->overrides - 1; i >= 0 && !value; i--)
    value = value_of(w->override[i], section, key);
  return value;
}

static void begin(writer *w, const char *section, const char *comment) {
  fprintf(w->out, "\n[%s]\n", section);
  if (*comment) fprintf(w->out, "; %s\n", comment);
  w->section = section;
}

/* Lines of a value go on indented. */
static void write_value(writer *w, const char *key, const char *value) {
  fprintf(w->out, "%s =%s", key, *value && *value != '\n' ? " " : "");
  for (const char *c = value; *c; c++) {
    fputc(*c, w->out);
    if (*c == '\n') fputs("  ", w->out);
  }
  fputc('\n', w->out);
}

static void line(writer *w, const char *key, const char *comment, const char *value) {
  const char *other = asked(w, w->section, key);
  if (*comment) fprintf(w->out, "; %s\n", comment);
  write_value(w, key, other ? other : value);
  w->line[w->lines].section = w->section;
  w->line[w->lines++].key = key;
}

static void number(writer *w, const char *key, const char *comment, double value) {
  char text[32];
  snprintf(text, sizeof text, "%.6g", value);
  line(w, key, comment, text);
}

/* ---- what is of one kind of data ---- */

static void write_picture_data(writer *w, const esp__found_data *d) {
  line(w, "augment", "New for each image and epoch; crop moves it, flip mirrors it.",
       is_grey(d) ? "" : "crop flip");
}

static void write_text_data(writer *w, const esp__found_data *d) {
  enum { LENGTH_MAX = 256, VOCABULARY = 10000 };
  line(w, "tokens", "What a network reads of a text, one after the other: characters or words.",
       d->words ? "words" : "characters");
  number(w, "length", "Tokens of a text; of longer ones the end is cut off.",
         d->shape.width < LENGTH_MAX ? d->shape.width : LENGTH_MAX);
  if (d->words) number(w, "vocabulary", "The most frequent; others are 'unknown'.", VOCABULARY);
}

static void write_sound_data(writer *w, const esp__found_data *d) {
  enum { SECONDS_MAX = 10 };
  number(w, "seconds", "Of longer sounds the middle is taken, shorter ones lie amid silence.",
         d->seconds < SECONDS_MAX ? d->seconds : SECONDS_MAX);
  line(w, "augment", "New for each sound and epoch; shift moves it, noise adds some.",
       "shift noise");
}

static void write_row_data(writer *w, const esp__found_data *d) {
  line(w, "target", "What is to be estimated: the last column of numbers, unless you say another.",
       d->target);
  if (*d->ignored) line(w, "ignore", "Not a number in every row.", d->ignored);
}

static const char *row_arch(const esp__found_data *d) {
  (void)d;
  return "mlp";
}
static const char *text_arch(const esp__found_data *d) {
  return d->words ? "textcnn" : "lstm-64";
}
static const char *sound_arch(const esp__found_data *d) {
  (void)d;
  return "ds-cnn";
}

static const struct kind {
  const char *noun, *measured; /* a comment on the mean */
  void (*data)(writer *w, const esp__found_data *d);
  const char *(*arch)(const esp__found_data *d);
  const char *optimiser;
  double lr; /* of batches of 128 */
  double warmup, sparsity;
} kinds[] = {
    {"images", "Mean and deviation of the pixels are measured on the images to train on.",
     write_picture_data, picture_arch, NULL, 0.1, 2, 0.9},
    {"texts", "", write_text_data, text_arch, "adam", 2e-3, 1, 0.6},
    {"sounds", "Mean and deviation of the bands are measured on the sounds to train on.",
     write_sound_data, sound_arch, NULL, 0.05, 1, 0.5},
    {"rows", "Mean and deviation of columns and target are measured on the rows to train on.",
     write_row_data, row_arch, "adam", 2e-3, 1, 0.8},
};

static const struct kind *kind_of(const esp__found_data *d) {
  const struct kind *k = kinds;
  while (strcmp(k->noun, d->noun) != 0) k++;
  return k;
}

/* ---- sections ---- */

static void write_data(writer *w, const esp__found_data *d) {
  char dealt[96], held[64];
  snprintf(dealt, sizeof dealt, "%s fifth of the %s is to test on, the same for every seed.",
           *d->target ? "A" : "Of each class a",
           strcmp(d->noun, "images") == 0 ? "pictures" : d->noun);
  snprintf(held, sizeof held, "Held out of the %s to train on, by run.seed.", d->noun);
  begin(w, "data", kind_of(d)->measured);
  line(w, "dataset", "", d->dataset);
  line(w, "path", d->dealt ? dealt : "", d->path);
  number(w, "validation", held, d->images >= 100 ? (double)(d->images / 10) : 0.0);
  kind_of(d)->data(w, d);
}

static void write_model(writer *w, const esp__found_data *d) {
  char shape[ESP_SHAPE_TEXT];
  begin(w, "model", "'espalier list models' names others, 'espalier help model.layers' your own.");
  line(w, "arch", "", kind_of(d)->arch(d));
  if (kind_of(d)->data == write_row_data) line(w, "hidden", "Neurons of each layer.", "64 64");
  if (kind_of(d)->data != write_picture_data) return;
  esp_shape_write(d->shape, shape);
  line(w, "input",
       d->resized ? "Channels x height x width: pictures are scaled to cover it and cut." : "",
       shape);
}

static void write_train(writer *w, const esp__found_data *d) {
  const recipe *r = recipe_for(d->images);
  const struct kind *k = kind_of(d);
  const double share = (double)r->batch / 128.0;
  begin(w, "train", "");
  number(w, "epochs", "", r->epochs);
  number(w, "batch", "Examples a step.", r->batch);
  if (*d->target) line(w, "loss", "", "mse");
  if (k->optimiser) line(w, "optimiser", "", k->optimiser);
  number(w, "lr",
         k->optimiser
             ? "The peak of the learning rate."
             : "The peak of the learning rate; with another batch, change it in proportion.",
         k->optimiser ? k->lr : (is_grey(d) ? 0.5 : 1.0) * k->lr * share);
  line(w, "schedule", "", "cosine");
  number(w, "warmup_epochs", "", k->warmup);
  if (!k->optimiser) number(w, "weight_decay", "", 5e-4);
}

static void write_prune(writer *w, const esp__found_data *d) {
  begin(w, "prune", "Each round prunes, then retrains; method = none trains only.");
  line(w, "method", "'espalier list criteria' and 'espalier list dynamic' name others.",
       "magnitude");
  line(w, "structure", "Single weights; channel makes networks that 'espalier shrink' cuts.",
       "weight");
  number(w, "sparsity", "Share of the weights that is gone in the end.", kind_of(d)->sparsity);
  number(w, "rounds", "", 3);
  line(w, "schedule", "", "iterative");
  number(w, "retrain_epochs", "After each round.", recipe_for(d->images)->epochs / 4);
  if (kind_of(d)->optimiser) number(w, "retrain_lr", "", kind_of(d)->lr / 4.0);
}

static bool has_line(const writer *w, const char *override) {
  bool found = false;
  for (int i = 0; i < w->lines && !found; i++)
    found = value_of(override, w->line[i].section, w->line[i].key) != NULL;
  return found;
}

/* Overrides whose key has no line above. */
static void write_others(writer *w) {
  for (int i = 0; i < w->overrides; i++) {
    char key[128];
    const char *o = w->override[i], *dot = strchr(o, '.'), *equals = strchr(o, '=');
    if (has_line(w, o)) continue;
    fprintf(w->out, "\n[%.*s]\n", (int)(dot - o), o);
    snprintf(key, sizeof key, "%.*s", (int)(equals - dot - 1), dot + 1);
    write_value(w, key, equals + 1);
  }
}

void esp__starter_write(const esp__found_data *d, const char *name, int overrides,
                        const char *const *override, FILE *out) {
  writer w = {.out = out, .section = "run", .overrides = overrides, .override = override};
  char shape[ESP_SHAPE_TEXT] = "WAV files";
  if (d->shape.channels) esp_shape_write(d->shape, shape);
  fprintf(out, "; %s: %lld %s to train on, ", d->dataset, (long long)d->images, d->noun);
  if (*d->target)
    fprintf(out, "%d columns", d->shape.channels);
  else
    fprintf(out, "%d classes, %s", d->classes, shape);
  fputs(
      ". Made by 'espalier new'.\n"
      "; 'espalier run --dry-run FILE' says what a run will do, 'espalier run FILE' does it,\n"
      "; 'espalier help KEY' explains a key.\n[run]\n",
      out);
  line(&w, "name", "", name);
  number(&w, "seed", "", 1);
  write_data(&w, d);
  write_model(&w, d);
  write_train(&w, d);
  write_prune(&w, d);
  write_others(&w);
}
