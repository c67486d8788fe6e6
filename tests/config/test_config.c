/* Configurations: what they become, how they are written back, and what is said of those that are
 * wrong. */
#include "folder.h"
#include "suite.h"

#include <espalier/config.h>
#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_error err;
static esp_config config;

static void parse(const char *text) {
  esp_status status = esp_config_parse(&config, "quick.ini", text, 0, NULL, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
}

START_TEST(an_empty_file_is_all_defaults) {
  parse("");
  ck_assert_str_eq(config.run.name, "quick");
  ck_assert_str_eq(config.run.output, "runs");
  ck_assert_int_eq(config.run.seed, 1);
  ck_assert_int_eq(config.run.threads, 0);
  ck_assert(config.run.checkpoint_minutes == 10);
  ck_assert(config.run.save_rounds);
  esp_config_free(&config);
  esp_config_free(&config); /* harmless */
}
END_TEST

START_TEST(values_of_every_type) {
  parse(
      "\xef\xbb\xbf; a comment \xff\xfe that is not UTF-8\r\n"
      "[run]\r\n"
      "name=my run ; not this\r\n"
      "seed : 9007199254740992\n"
      "save_rounds = off\n"
      "  # an indented comment\n"
      "[data]\n"
      "augment =   flip \t crop\n"
      "mean = 0.1 0.25\n"
      "   1e-1\n"
      "path = a;b#c=d:e\n"
      "[train] ; again\n"
      "lr = 0x1p-3\n"
      "epochs = +7\n"
      "schedule = cosine\n"
      "[model]\n"
      "layers =\n"
      "    conv 16 3x3   ; the stem\n"
      "\n"
      "    relu\n"
      "  ; nothing\n"
      "    linear classes\n"
      "[run]\n"
      "threads = 3");
  ck_assert_str_eq(config.run.name, "my run");
  ck_assert_int_eq(config.run.seed, 9007199254740992);
  ck_assert(!config.run.save_rounds);
  ck_assert_int_eq(config.run.threads, 3);
  ck_assert_str_eq(config.data.augment, "flip crop");
  ck_assert_int_eq(config.data.mean.count, 3);
  ck_assert(config.data.mean.value[2] == 0.1);
  ck_assert_str_eq(config.data.path, "a;b#c=d:e");
  ck_assert(config.train.lr == 0.125);
  ck_assert_int_eq(config.train.epochs, 7);
  ck_assert_str_eq(config.train.schedule, "cosine");
  ck_assert_str_eq(config.model.layers, "conv 16 3x3\nrelu\nlinear classes");
  esp_config_free(&config);
}
END_TEST

START_TEST(arguments_override_the_file) {
  static const char *const override[] = {"train.lr=0.5", "train.lr = 0.25",
                                         "run.name=", "model.layers=flatten\n linear 10\n",
                                         "data.augment="};
  esp_status status =
      esp_config_parse(&config, "a/b/quick.ini",
                       "[train]\nlr = 1\n[data]\naugment = flip\n[run]\nname=x", 5, override, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  ck_assert(config.train.lr == 0.25);
  ck_assert_str_eq(config.run.name, "quick");
  ck_assert_str_eq(config.model.layers, "flatten\nlinear 10");
  ck_assert_str_eq(config.data.augment, "");
  esp_config_free(&config);
}
END_TEST

START_TEST(the_text_parses_to_the_same) {
  parse(
      "[run]\noutput = \xc3\xa4 b\nseed = 0\ncheckpoint_minutes = 0.30000000000000004\n"
      "save_rounds = 0\n"
      "[model]\nlayers = conv 1 1x1\n  repeat 2\n  relu\n  end\n[train]\nlr = 1e-7\n"
      "weight_decay = 0.0005\n"
      "milestones = 1 2.5 3\n[prune]\nskip = conv1 *.bn* fc\n");
  config.train.milestones.count = ESP_NUMBERS_MAX; /* too many for a line */
  for (int i = 0; i < ESP_NUMBERS_MAX; i++) config.train.milestones.value[i] = 1 + i / 7.0;
  char *text, *again;
  ck_assert_int_eq(esp_config_text(&config, &text, &err), ESP_OK);
  ck_assert_ptr_nonnull(strstr(text, "[run]\nname = quick\noutput = \xc3\xa4 b\nseed = 0\n"));
  ck_assert_ptr_nonnull(strstr(text, "\nlayers =\n  conv 1 1x1\n  repeat 2\n  relu\n  end\n"));
  ck_assert_ptr_nonnull(strstr(text, "\nlr = 1e-07\n"));
  ck_assert_ptr_nonnull(strstr(text, "\nskip = conv1 *.bn* fc\n"));
  esp_numbers milestones = config.train.milestones;
  esp_config_free(&config);
  ck_assert_msg(esp_config_parse(&config, "other.ini", text, 0, NULL, &err) == ESP_OK, "%s",
                err.text);
  ck_assert_int_eq(config.train.milestones.count, ESP_NUMBERS_MAX);
  ck_assert_mem_eq(config.train.milestones.value, milestones.value, sizeof milestones.value);
  ck_assert(config.run.checkpoint_minutes == 0.30000000000000004);
  ck_assert_int_eq(esp_config_text(&config, &again, &err), ESP_OK);
  ck_assert_str_eq(text, again);
  esp_config_free(&config);
  free(text);
  free(again);
}
END_TEST

/* Tables spell a number as they like: 5e-4 and 0.0005 are one. */
START_TEST(defaults_are_not_in_the_brief_text) {
  char *text;
  parse("[train]\nweight_decay = 0.0005\nlr = 0.1\n[model]\ngate_penalty = 1e-08\n");
  ck_assert_int_eq(esp_config_brief_text(&config, &text, &err), ESP_OK);
  ck_assert_str_eq(text, "");
  free(text);
  esp_config_free(&config);
  parse("[train]\nweight_decay = 0.00051\n");
  ck_assert_int_eq(esp_config_brief_text(&config, &text, &err), ESP_OK);
  ck_assert_str_eq(text, "[train]\nweight_decay = 0.00051\n");
  free(text);
  esp_config_free(&config);
}
END_TEST

/* A whole number of characters in a row. */
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X200 X50 X50 X50 X50
#define X5000                                                                                    \
  X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 X200 \
      X200 X200 X200 X200 X200 X200

#define SIXTEEN " 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"
#define SIXTY_FOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static const struct {
  const char *text;
  const char *part[3]; /* of the message, the first after the file's name */
} wrong[] = {
    /* lines */
    {"seed = 1\n", {":1: key 'seed' before the first [section]"}},
    {"[run]\nseed\n", {":2: expected 'key = value'"}},
    {"[run]\n\n\nnonsense here\nseed = 3\n", {":4: expected 'key = value'"}},
    {"[run]\nsneed = 3\nnonsense\n", {":2: unknown key 'sneed'"}},
    {"[run]\nnonsense\nsneed = 3\n", {":2: expected 'key = value'"}},
    {"[run]\nseed = x\nnonsense\n", {":2: seed = 'x'"}},
    {"[run]\n= 3\n", {":2: unknown key ''"}},
    {"[run\nseed = 1\n", {":1: section without ']'"}},
    {"[run ; x]\n", {":1: section without ']'"}},
    {"[run] seed = 1\n", {":1: text after the ']'"}},
    {"[run]]\n", {":1: text after the ']'"}},
    {"[]\n", {":1: unknown section []", "expected one of run, data, model, train, prune"}},
    {"[grids]\n", {":1: unknown section [grids]; expected one of"}},
    {"[run]\n[sweeps]\nlr = 0.1 0.2\n", {":2: unknown section [sweeps]"}},
    {"\n\n[trian]\n", {":3: unknown section [trian]; did you mean train?"}},
    {"[Train]\n", {":1: unknown section [Train]; did you mean train?"}},
    {"[ train ]\n", {":1: unknown section [ train ]; did you mean train?"}},
    {"[run]\n  [model]\n  [optimizer]\n", {":3: unknown section [optimizer]"}},
    {"[" X200 "]\n", {":1: expected 'key = value', [section] or a comment, not a line of 202"}},
    {"[run]\nname = " X200 "\n", {":2: name = 'x", "expected a file name"}},
    {"[run]\nname = " X5000 "\n", {":2: line of 5007 bytes, expected at most 4200"}},
    {"[model]\nlayers =\n  relu\n  " X5000 "\n", {":4: line of 5002 bytes", "indented lines"}},
    {"[run]\n" X200 " = 3\n", {":2: expected 'key = value'"}},
    {"[run]\n" X50 X50 " = 3\n", {":2: unknown key '" X50}},
    {"[run]\nname = a\x01\n", {":2: expected UTF-8 text without control characters"}},
    {"[run]\nname = a\rb\n", {":2: name: expected UTF-8 text without control"}},
    {"[run]\nname = a\xff\n", {":2: expected UTF-8"}},
    {"[run]\nname = \xc0\xaf\n", {":2: expected UTF-8"}},
    {"[\x1b[31m]\n", {":1: expected UTF-8"}},
    {"[run]\n\xe2\x82 = 1\n", {":2: expected UTF-8"}},
    {"[run]\nseed = 1\x7f\n", {":2: expected UTF-8"}},
    /* keys */
    {"[train]\nepoch = 3\n", {":2: unknown key 'epoch' in [train]; did you mean 'epochs'?"}},
    {"[train]\n\n; x\nEpochs = 3\n",
     {":4: unknown key 'Epochs' in [train]; did you mean 'epochs'?"}},
    {"[train]\nsparsity = 0.5\n", {":2: unknown key 'sparsity' in [train]; it belongs to [prune]"}},
    {"[run]\nepochs = 3\n", {":2: unknown key 'epochs' in [run]; it belongs to [train]"}},
    {"[run]\nmomentun = 3\n",
     {":2: unknown key 'momentun' in [run]; did you mean 'momentum' of [train]?"}},
    {"[run]\nzzzzzz = 3\n",
     {":2: unknown key 'zzzzzz' in [run]; 'espalier help run' lists its keys"}},
    {"[train]\ntrain.lr = 3\n", {":2: unknown key 'train.lr' in [train]"}},
    {"[run]\nseed = 1\nthreads = 1\nseed = 1\n",
     {":4: key 'seed' given twice in [run], first on line 2"}},
    {"[run]\nseed = 1\n[train]\n[run]\nseed = 2\n",
     {":5: key 'seed' given twice in [run], first on line 2"}},
    {"[model]\nlayers = relu\nlayers = relu\n", {":3: key 'layers' given twice"}},
    {"[train]\nepochs = 3\n  lr = 1\n", {":3: an indented line", "epochs takes a single line"}},
    {"[train]\nepochs =\n  3\n", {":3: an indented line goes on with the key above"}},
    {"[train]\nschedule = step\n\n\tcosine\n", {":4: an indented line"}},
    {"[run]\nname = a\n b\n", {":3: an indented line", "name takes a single line"}},
    /* whole numbers */
    {"[run]\nseed =\n", {":2: seed = '': expected a whole number from 0 to 9007199254740992"}},
    {"[run]\nseed = -1\n", {":2: seed = '-1': expected a whole number from 0 to"}},
    {"[run]\nseed = 9007199254740993\n", {":2: seed = '9007199254740993'"}},
    {"[run]\nseed = 99999999999999999999\n", {":2: seed = '99999999999999999999'"}},
    {"[run]\nseed = 1.5\n", {":2: seed = '1.5': expected a whole number"}},
    {"[run]\nseed = 1e3\n", {":2: seed = '1e3': expected a whole number"}},
    {"[run]\nseed = 0x10\n", {":2: seed = '0x10'"}},
    {"[run]\nseed = one\n", {":2: seed = 'one'"}},
    {"[run]\nseed = 1 2\n", {":2: seed = '1 2'"}},
    {"[run]\nseed = 1,000\n", {":2: seed = '1,000'"}},
    {"[run]\nseed = --1\n", {":2: seed = '--1'"}},
    {"[run]\nseed = +\n", {":2: seed = '+'"}},
    {"[run]\nseed == 1\n", {":2: seed = '= 1'"}},
    {"[run]\nthreads = 1025\n", {":2: threads = '1025': expected a whole number from 0 to 1024"}},
    {"[train]\nbatch = -16\n", {":2: batch = '-16': expected a whole number"}},
    {"[train]\nepochs = many\n", {":2: epochs = 'many': expected a whole number"}},
    /* numbers */
    {"[train]\nlr = fast\n", {":2: lr = 'fast': expected a number from 0 to"}},
    {"[train]\nlr =\n", {":2: lr = '': expected a number"}},
    {"[train]\nlr = ; 0.1\n", {":2: lr = ''"}},
    {"[train]\nlr = -0.1\n", {":2: lr = '-0.1'"}},
    {"[train]\nlr = nan\n", {":2: lr = 'nan'"}},
    {"[train]\nlr = inf\n", {":2: lr = 'inf'"}},
    {"[train]\nlr = 1e999\n", {":2: lr = '1e999'"}},
    {"[train]\nlr = 0.1x\n", {":2: lr = '0.1x'"}},
    {"[train]\nlr = 0,1\n", {":2: lr = '0,1'"}},
    {"[train]\nlr = 0.1 0.2\n", {":2: lr = '0.1 0.2'"}},
    {"[train]\nmomentum = 1.5\n", {":2: momentum = '1.5': expected a number from 0 to"}},
    {"[train]\noptimiser = adamm\n",
     {":2: optimiser = 'adamm': expected one of sgd, adam, adamw, rmsprop",
      "did you mean 'adam'?"}},
    {"[train]\noptimiser = adam\nbeta1 = 1\n", {":3: beta1 = '1': expected a number from 0 to"}},
    {"[train]\nepsilon = 0\n", {":2: epsilon = '0': expected a number from"}},
    {"[run]\ncheckpoint_minutes = -1\n",
     {":2: checkpoint_minutes = '-1': expected a number from 0 to 1000000"}},
    {"[prune]\nsparsity = 1.01\n", {":2: sparsity = '1.01': expected a number from 0 to"}},
    {"[prune]\nsparsity = 90%\n", {":2: sparsity = '90%'"}},
    /* yes and no */
    {"[run]\nsave_rounds = maybe\n", {":2: save_rounds = 'maybe': expected yes or no"}},
    {"[run]\nsave_rounds = 2\n", {":2: save_rounds = '2': expected yes or no"}},
    {"[train]\nnesterov =\n", {":2: nesterov = '': expected yes or no"}},
    /* names */
    {"[train]\nschedule = cosin\n",
     {":2: schedule = 'cosin': expected one of", "did you mean 'cosine'?"}},
    {"[train]\nschedule = Step\n", {":2: schedule = 'Step'", "did you mean 'step'?"}},
    {"[train]\nschedule =\n", {":2: schedule = '': expected one of"}},
    {"[train]\nschedule = step cosine\n", {":2: schedule = 'step cosine': expected one of"}},
    {"[data]\ndataset = cifar1O\n",
     {":2: dataset = 'cifar1O'", "cifar100", "did you mean 'cifar10'?"}},
    {"[data]\ndataset = imagenet\n", {":2: dataset = 'imagenet': expected one of", "shapes"}},
    {"[prune]\ndistribution = globl\n", {":2: distribution = 'globl'", "did you mean 'global'?"}},
    {"[prune]\nstructure = kernel\n", {":2: structure = 'kernel'", "filter"}},
    {"[data]\naugment = crop flop\n",
     {":2: augment = 'flop': expected words out of", "did you mean 'flip'?"}},
    {"[data]\naugment = crop, flip\n", {":2: augment = 'crop,'", "did you mean 'crop'?"}},
    {"[data]\naugment =\n  crop\n  warp\n", {":2: augment = 'warp'"}},
    /* lists of numbers */
    {"[train]\nmilestones = 30 x\n", {":2: milestones = 'x': expected at most 256 numbers from"}},
    {"[train]\nmilestones = 30, 60\n", {":2: milestones = '30,'", "separated by spaces"}},
    {"[train]\nmilestones = 30 nan\n", {":2: milestones = 'nan'"}},
    {"[data]\nmean = 0.5 0.5 2e30\n", {":2: mean = '2e30'"}},
    {"[train]\nmilestones =" SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR "\n 1\n",
     {":2: milestones = '1': expected at most 256 numbers"}},
    /* text */
    {"[run]\nname = a/b\n",
     {":2: name = 'a/b': expected a file name of at most 100 bytes without '/'"}},
    {"[run]\nname = ..\n", {":2: name = '..'"}},
    {"[run]\nseed = 1\nname = .\n", {":3: name = '.'"}},
    {"[run]\nname = a\tb\n", {":2: name = 'a b'"}},
    {"[run]\nname = " X50 X50 "x\n", {":2: name = 'xxx"}},
    {"[run]\nname =;x\n", {":2: name: ';' would start a comment here"}},
    {"[prune]\nlayers = #x\n", {":2: layers: '#' would start a comment here"}},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

static void check_message(const char *start, const char *const part[3]) {
  ck_assert_msg(strncmp(err.text, start, strlen(start)) == 0, "does not begin with '%s': %s", start,
                err.text);
  const char *rest = err.text + strlen(start);
  ck_assert_msg(strncmp(rest, part[0], strlen(part[0])) == 0, "expected '%s' in: %s", part[0],
                err.text);
  for (int i = 1; i < 3; i++)
    if (part[i])
      ck_assert_msg(strstr(rest, part[i]) != NULL, "expected '%s' in: %s", part[i], err.text);
  ck_assert_ptr_null(strchr(err.text, '\n'));
}

START_TEST(what_is_wrong_is_said_with_its_line) {
  ck_assert_msg(
      esp_config_parse(&config, "dir/quick.ini", wrong[_i].text, 0, NULL, &err) == ESP_ERR_INPUT,
      "accepted: %s", wrong[_i].text);
  check_message("dir/quick.ini", wrong[_i].part);
}
END_TEST

START_TEST(carriage_returns_change_nothing) {
  char text[8192];
  size_t used = 0;
  for (const char *c = wrong[_i].text; *c; c++) {
    if (*c == '\n') text[used++] = '\r';
    text[used++] = *c;
  }
  text[used] = '\0';
  ck_assert_int_eq(esp_config_parse(&config, "dir/quick.ini", text, 0, NULL, &err), ESP_ERR_INPUT);
  check_message("dir/quick.ini", wrong[_i].part);
}
END_TEST

static const struct {
  const char *argument, *part[3];
} wrong_arguments[] = {
    {"", {"argument '': expected section.key=value"}},
    {"train.lr", {"argument 'train.lr': expected section.key=value"}},
    {"seed=3", {"argument 'seed=3': expected section.key=value; did you mean run.seed?"}},
    {"lr=0.1", {"argument 'lr=0.1': expected section.key=value; did you mean train.lr?"}},
    {"qqqq=0.1", {"argument 'qqqq=0.1': expected section.key=value"}},
    {"name=a.b", {"argument 'name=a.b': expected section.key=value; did you mean run.name?"}},
    {"=", {"argument '=': expected section.key=value"}},
    {".=", {"argument '.=': unknown section []"}},
    {"trian.lr=1", {"argument 'trian.lr=1': unknown section [trian]; did you mean train?"}},
    {"train.epoch=1",
     {"argument 'train.epoch=1': unknown key 'epoch' in [train]; did you mean 'epochs'?"}},
    {"train.sparsity=1",
     {"argument 'train.sparsity=1': unknown key 'sparsity' in [train]; it belongs to [prune]"}},
    {"train.lr=", {"argument 'train.lr=': lr = '': expected a number"}},
    {"train.lr=1 ;2", {"argument 'train.lr=1 ;2': lr: ';' would start a comment"}},
    {"train.schedule=cosin",
     {"argument 'train.schedule=cosin': schedule = 'cosin'", "did you mean 'cosine'?"}},
    {"run.name=a/b", {"argument 'run.name=a/b': name = 'a/b': expected a file name"}},
    {"run.output=a\nb", {"argument 'run.output=a b': output: expected UTF-8 text without control"}},
    {"run.output=\xff", {"argument 'run.output=...': expected UTF-8"}},
    {"run.output=" X5000, {"argument 'run.output=xxx", "text of 5000 bytes, expected at most"}},
    {"model.layers=relu\n; x",
     {"argument 'model.layers=relu ; x': layers: ';' would start a comment"}},
    {"model.layers=relu\n#x",
     {"argument 'model.layers=relu #x': layers: '#' would start a comment"}},
    {"model.layers=relu\n" X5000,
     {"argument 'model.layers=relu...", "text of 5000 bytes, expected at most 4198"}},
    {"train." X200 X200 X200 "=1", {"argument 'train.xxx", "unknown key 'xxx"}},
    {X200 X200 X200 ".x=1", {"argument 'xxx", "unknown section [xxx"}},
};
enum { WRONG_ARGUMENTS = sizeof wrong_arguments / sizeof *wrong_arguments };

START_TEST(wrong_arguments_are_named) {
  const char *const override[] = {"run.seed=2", wrong_arguments[_i].argument};
  ck_assert_int_eq(esp_config_parse(&config, "quick.ini", "", 2, override, &err), ESP_ERR_INPUT);
  check_message("", wrong_arguments[_i].part);
}
END_TEST

static char *folder, path[FOLDER_PATH_MAX];

static void set_up(void) {
  folder = folder_make();
  snprintf(path, sizeof path, "%s/a b.ini", folder);
}

static void tear_down(void) {
  unlink(path);
  folder_remove(folder);
}

START_TEST(files) {
  static char large[(1 << 20) + 1];
  ck_assert_int_eq(esp_config_load(&config, path, 0, NULL, &err), ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "a b.ini: cannot open: "));
  ck_assert_int_eq(esp_config_load(&config, folder, 0, NULL, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, ": is a directory, expected a file"));
  memset(large, '\n', sizeof large);
  ck_assert_int_eq(esp_file_write(path, large, sizeof large, &err), ESP_OK);
  ck_assert_int_eq(esp_config_load(&config, path, 0, NULL, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "a b.ini: too large, expected at most 1048576 bytes"));
  ck_assert_int_eq(esp_file_write(path, "[run]\nseed = 2\0\n", 16, &err), ESP_OK);
  ck_assert_int_eq(esp_config_load(&config, path, 0, NULL, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "a b.ini:2: NUL byte, expected text"));
  ck_assert_int_eq(esp_file_write(path, "[run]\nseed = 2\n", 15, &err), ESP_OK);
  ck_assert_int_eq(esp_config_load(&config, path, 0, NULL, &err), ESP_OK);
  ck_assert_str_eq(config.run.name, "a b");
  ck_assert_int_eq(config.run.seed, 2);
  esp_config_free(&config);
}
END_TEST

START_TEST(a_file_that_cannot_name_a_run) {
  ck_assert_int_eq(esp_config_parse(&config, "dir/.ini", "", 0, NULL, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "dir/.ini: cannot name the run after this file, expected name = ... in [run]");
  ck_assert_int_eq(esp_config_parse(&config, X50 X50 X50 ".ini", "", 0, NULL, &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_config_parse(&config, "dir/.ini", "[run]\nname = x", 0, NULL, &err), ESP_OK);
  esp_config_free(&config);
}
END_TEST

/* A list as long as a file can be takes time in proportion to it. */
START_TEST(a_very_long_list) {
  enum { LINES = 200000 };
  char *text = malloc(17 + 5 * LINES + 1), *end = stpcpy(text, "[model]\nlayers =\n");
  for (int i = 0; i < LINES; i++) end = stpcpy(end, " bn \n");
  parse(text);
  ck_assert_uint_eq(strlen(config.model.layers), 3 * LINES - 1);
  esp_config_free(&config);
  free(text);
}
END_TEST

static char *help(const char *what, esp_status *status) {
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  *status = esp_config_help(what, out, &err);
  fclose(out);
  return text;
}

static void check_help(const char *what, const char *part, const char *other) {
  esp_status status;
  char *text = help(what, &status);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  ck_assert_msg(strstr(text, part) != NULL, "expected '%s' in: %s", part, text);
  ck_assert_msg(strstr(text, other) != NULL, "expected '%s' in: %s", other, text);
  free(text);
}

START_TEST(help_explains) {
  check_help("run.seed", "run.seed\n", "a whole number from 0 to 9007199254740992");
  check_help("threads", "run.threads\n", "default: 0");
  check_help("schedule", "train.schedule\n", "prune.schedule\n");
  check_help("train", "[train]", "  epochs = ");
  check_help("train", "  momentum = ", "data.train\n"); /* a section, and a key of another */
  check_help("run", "  save_rounds = yes", "  name = ");
}
END_TEST

START_TEST(help_on_what_is_not_known) {
  static const char *const cases[][2] = {
      {"epoch", "'epoch'; did you mean 'train.epochs'?"},
      {"train.epoch", "did you mean 'train.epochs'?"},
      {"trian.lr", "did you mean 'train.lr'?"},
      {"run.lr", "'run.lr'"},
      {"prunne", "did you mean 'prune'?"},
      {"zzzzzzzz", "sections are run, data, model, train, prune"},
      {"", "unknown key or section ''"},
      {".", "unknown key or section '.'"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    esp_status status;
    free(help(cases[i][0], &status));
    ck_assert_int_eq(status, ESP_ERR_INPUT);
    ck_assert_msg(strstr(err.text, cases[i][1]) != NULL, "expected '%s' in: %s", cases[i][1],
                  err.text);
  }
}
END_TEST

/* Lines that inih does not take: values, what goes on in indented lines, comments, lines behind. */
START_TEST(long_lines) {
  parse("[run]\nplugins = \n[data]\npath = /" X200
        " ; a comment\naugment = flip\n"
        "[model]\nlayers =\n  relu\n  " X200 "x\n  tanh\n[prune]\nskip = a " X200 " b\n");
  ck_assert_str_eq(config.data.path, "/" X200);
  ck_assert_str_eq(config.data.augment, "flip");
  ck_assert_str_eq(config.model.layers, "relu\n" X200 "x\ntanh");
  ck_assert_str_eq(config.prune.skip, "a " X200 " b");
  char *text, *again;
  ck_assert_int_eq(esp_config_text(&config, &text, &err), ESP_OK);
  esp_config_free(&config);
  parse(text);
  ck_assert_int_eq(esp_config_text(&config, &again, &err), ESP_OK);
  ck_assert_str_eq(text, again);
  free(text);
  free(again);
  esp_config_free(&config);
}
END_TEST

static void load_in_folder(const char *argument) {
  const esp_status status = esp_config_load(&config, path, argument != NULL, &argument, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
}

/* What a configuration names stands beside it, or in the current folder; what an argument names,
 * in the current folder. What is nowhere stays as it is written. */
START_TEST(paths_are_found_from_the_file) {
  char beside[256], here[256], argument[300], *whole = realpath(folder, NULL);
  static const char text[] = "[data]\npath = there\n[model]\nweights = ./nowhere\n";
  snprintf(path, sizeof path, "%s/c.ini", folder);
  ck_assert_int_eq(esp_file_write(path, text, strlen(text), &err), ESP_OK);
  snprintf(beside, sizeof beside, "%s/there", whole);
  snprintf(here, sizeof here, "%s/sub/there", whole);
  ck_assert_int_eq(esp_directory_make(here, &err), ESP_OK);
  snprintf(argument, sizeof argument, "%s/sub", whole);
  ck_assert_int_eq(chdir(argument), 0);
  load_in_folder(NULL);
  ck_assert_str_eq(config.data.path, here);
  ck_assert_str_eq(config.model.weights, "./nowhere");
  esp_config_free(&config);
  ck_assert_int_eq(esp_directory_make(beside, &err), ESP_OK);
  load_in_folder(NULL);
  ck_assert_str_eq(config.data.path, beside);
  esp_config_free(&config);
  load_in_folder("data.path=there");
  ck_assert_str_eq(config.data.path, here);
  esp_config_free(&config);
  ck_assert_int_eq(chdir("/"), 0);
  ck_assert_int_eq(rmdir(here) | rmdir(argument) | rmdir(beside), 0);
  free(whole);
}
END_TEST

/* No ".." and no "." is left in a path that was found, and a ".." behind a link leads to where the
 * link's folder is. Links behind the last ".." stay. */
START_TEST(found_paths_are_plain) {
  static const char *const cases[][2] = {
      {"../far/./there", "far/there"}, {"sub/..//../far/there/", "far/there"},
      {"link/../there", "far/there"},  {"../near/link", "near/link"},
      {"./link/.", "near/link"},       {"..", ""}};
  char sub[256], expected[512], *whole = realpath(folder, NULL);
  snprintf(sub, sizeof sub, "%s/far/there", whole);
  ck_assert_int_eq(esp_directory_make(sub, &err), ESP_OK);
  snprintf(sub, sizeof sub, "%s/near/sub", whole);
  ck_assert_int_eq(esp_directory_make(sub, &err), ESP_OK);
  snprintf(sub, sizeof sub, "%s/near/link", whole);
  ck_assert_int_eq(symlink("../far/there", sub), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    snprintf(path, sizeof path, "%s/near/c.ini", folder);
    snprintf(text, sizeof text, "[data]\npath = %s\n", cases[i][0]);
    ck_assert_int_eq(esp_file_write(path, text, strlen(text), &err), ESP_OK);
    load_in_folder(NULL);
    snprintf(expected, sizeof expected, "%s%s%s", whole, *cases[i][1] ? "/" : "", cases[i][1]);
    ck_assert_str_eq(config.data.path, expected);
    esp_config_free(&config);
  }
  free(whole);
}
END_TEST

START_TEST(every_key_is_explained) {
  esp_config_key all[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(NULL, all);
  ck_assert_uint_gt(keys, 90);
  for (size_t i = 0; i < keys; i++) {
    const esp_option *o = all[i].option;
    char key[128];
    snprintf(key, sizeof key, "%s.%s", all[i].section->name, o->name);
    check_help(key, key, o->help);
    ck_assert_msg(strlen(o->name) <= 30, "%s leaves no room for a value on its line", key);
    if (o->type == ESP_OPTION_INT || o->type == ESP_OPTION_REAL || o->type == ESP_OPTION_NUMBERS)
      ck_assert_msg(o->min < o->max, "%s has no range", key);
    if (o->type == ESP_OPTION_CHOICE) ck_assert_ptr_nonnull(o->choice);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("config");
  TCase *tests = tcase_create("config");
  suite_add_tcase(suite, tests);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, an_empty_file_is_all_defaults);
  tcase_add_test(tests, values_of_every_type);
  tcase_add_test(tests, arguments_override_the_file);
  tcase_add_test(tests, the_text_parses_to_the_same);
  tcase_add_test(tests, defaults_are_not_in_the_brief_text);
  tcase_add_loop_test(tests, what_is_wrong_is_said_with_its_line, 0, WRONG);
  tcase_add_loop_test(tests, carriage_returns_change_nothing, 0, WRONG);
  tcase_add_loop_test(tests, wrong_arguments_are_named, 0, WRONG_ARGUMENTS);
  tcase_add_test(tests, files);
  tcase_add_test(tests, a_file_that_cannot_name_a_run);
  tcase_add_test(tests, a_very_long_list);
  tcase_add_test(tests, long_lines);
  tcase_add_test(tests, paths_are_found_from_the_file);
  tcase_add_test(tests, found_paths_are_plain);
  tcase_add_test(tests, help_explains);
  tcase_add_test(tests, help_on_what_is_not_known);
  tcase_add_test(tests, every_key_is_explained);
  return suite_run(suite);
}
