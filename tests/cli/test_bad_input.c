/* Whatever is wrong with what the command is given, it says so in one line and exits with status 2,
 * and there is nothing to clean up. */
#include "nets.h"
#include "rig.h"

#include "data/damages.h"
#include "data/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

/* The command fails as it should; in its line stand both texts (NULL = anything). */
static void refused(const char *const *argument, const process_options *options,
                    const char *expected, const char *also) {
  process p = espalier(options, argument);
  ck_assert_msg(p.status == 2, "status %d, signal %d, expected 2 and '%s': '%s'", p.status,
                p.signal, expected ? expected : "", p.err);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(newline && !newline[1], "expected one line: '%s'", p.err);
  char prefix[64];
  snprintf(prefix, sizeof prefix, "espalier %s: ", argument[0]);
  ck_assert_msg(strncmp(p.err, prefix, strlen(prefix)) == 0, "'%s'", p.err);
  ck_assert_msg(!expected || strstr(p.err, expected), "'%s' lacks '%s'", p.err, expected);
  ck_assert_msg(!also || strstr(p.err, also), "'%s' lacks '%s'", p.err, also);
  process_free(&p);
}
#define REFUSED(expected, ...) \
  refused((const char *const[]){__VA_ARGS__, NULL}, &(process_options){0}, expected, NULL)

static void leaves_nothing(void) {
  ck_assert(!exists("out"));
  ck_assert(!exists("runs"));
}

/* ---- configurations ---- */

#define HUNDRED                                        \
  "12345678901234567890123456789012345678901234567890" \
  "12345678901234567890123456789012345678901234567890"
#define NET(layers) CONFIG_BEGIN layers

static const struct {
  const char *text, *expected;
} texts[] = {
    {"seed = 1\n", "bad.ini:1: key 'seed' before the first [section]"},
    {"[run\n", "bad.ini:1: section without ']'"},
    {"\n[run] x\n", "bad.ini:2: text after the ']'"},
    {"[runs]\n", "bad.ini:1: unknown section [runs]; did you mean run?"},
    {"[]\n", "bad.ini:1: unknown section"},
    {"[run]\nseed\n", "bad.ini:2: expected 'key = value'"},
    {"[run]\nsede = 1\n", "bad.ini:2: unknown key 'sede' in [run]; did you mean 'seed'?"},
    {"[run]\nlr = 1\n", "bad.ini:2: unknown key 'lr' in [run]; it belongs to [train]"},
    {"[run]\nseed = 1\n\nseed = 2\n",
     "bad.ini:4: key 'seed' given twice in [run], first on line 2"},
    {"[run]\nseed = -1\n", "bad.ini:2: seed = '-1': expected a whole number from 0"},
    {"[run]\nseed = 1.5\n", "bad.ini:2: seed = '1.5'"},
    {"[run]\nseed = 99999999999999999999\n", "bad.ini:2: seed"},
    {"[run]\nseed =\n", "bad.ini:2: seed = ''"},
    {"[run]\nthreads = 1025\n", "bad.ini:2: threads = '1025'"},
    {"[run]\ncheckpoint_minutes = -1\n", "bad.ini:2: checkpoint_minutes"},
    {"[run]\nsave_rounds = maybe\n", "bad.ini:2: save_rounds = 'maybe': expected yes or no"},
    {"[run]\nname = a/b\n", "bad.ini:2: name = 'a/b'"},
    {"[run]\nname = ..\n", "bad.ini:2: name = '..'"},
    {"[run]\nname = " HUNDRED HUNDRED "\n", "bad.ini:2: name = '"},
    {"[run]\nname = \377\n", "bad.ini:2: expected UTF-8 text"},
    {"[run]\nname = a\001b\n", "bad.ini:2: expected UTF-8 text without control characters"},
    {"\177ELF\002\001\001\003\020\200", "bad.ini:1: expected UTF-8 text"},
    {"It was a bright cold day in April.\n", "bad.ini:1: expected 'key = value'"},
    {"[data]\ndataset = cifar\n", "bad.ini:2: dataset = 'cifar'"},
    {"[data]\nvalidation = many\n", "bad.ini:2: validation = 'many'"},
    {"[data]\naugment = crop\n  flap\n", "bad.ini:2: augment = 'flap'"},
    {"[data]\nmean = 0.5 x\n", "bad.ini:2: mean = 'x'"},
    {"[data]\nmean = 2\n", "bad.ini:2: mean = '2'"},
    {"[data]\nstd = 0\n", "bad.ini:2: std = '0'"},
    {"[data]\ncutout_size = 0\n", "bad.ini:2: cutout_size"},
    {"[model]\nhidden = 0\n", "bad.ini:2: hidden = '0'"},
    {"[model]\nshortcut = none\n",
     "bad.ini:2: shortcut = 'none': expected one of projection, identity"},
    {"[train]\nlr = nan\n", "bad.ini:2: lr = 'nan'"},
    {"[train]\nlr = inf\n", "bad.ini:2: lr = 'inf'"},
    {"[train]\nlr = 1e999\n", "bad.ini:2: lr = '1e999'"},
    {"[train]\nlr = 0.1\n  0.2\n", "bad.ini:3: "},
    {"[train]\nbatch = 0\n", "bad.ini:2: batch = '0'"},
    {"[train]\nbatch = 65537\n", "bad.ini:2: batch = '65537'"},
    {"[train]\nepochs = -1\n", "bad.ini:2: epochs = '-1'"},
    {"[train]\nschedule = cosin\n", "did you mean 'cosine'?"},
    {"[train]\nloss = huber\n", "bad.ini:2: loss = 'huber'"},
    {"[train]\nmilestones = 1 two\n", "bad.ini:2: milestones = 'two'"},
    {"[train]\nmomentum = 1\n", "bad.ini:2: momentum = '1'"},
    {"[train]\naverage = 1\n", "bad.ini:2: average = '1'"},
    {"[prune]\nsparsity = 1.5\n", "bad.ini:2: sparsity = '1.5': expected a number from 0 to 1"},
    {"[prune]\nsparsity = 90%\n", "bad.ini:2: sparsity = '90%'"},
    {"[prune]\nmethod = magnitud\n", "did you mean 'magnitude'?"},
    {"[prune]\nstructure = bloc\n", "bad.ini:2: structure = 'bloc'"},
    {"[prune]\nrounds = 0\n", "bad.ini:2: rounds = '0'"},
    {"[prune]\nsplice_margin = 1\n", "bad.ini:2: splice_margin"},
    {"[prune]\ndrop_fraction = 2\n", "bad.ini:2: drop_fraction"},
    {"[prune]\nevery = 0\n", "bad.ini:2: every"},
    /* What is wrong shows only when the parts meet. */
    {"", "bad.ini: data.path: data set 'cifar10' needs the folder"},
    {NET(""), "bad.ini: model.arch is custom, but model.layers"},
    {NET("  # nothing\n"), "bad.ini: "},
    {NET("  linear classes\n"), "bad.ini: layers:1: linear needs an input of 1x1 pixels"},
    {NET("  flatten\n  linear 7\n"),
     "bad.ini: layers:2: the network ends with 7x1x1, expected 10x1x1"},
    {NET("  conv 10 3x3\n"), "bad.ini: layers:1: the network ends with 10x32x32"},
    {NET("  convolution 8 3x3\n"), "bad.ini: layers:1: unknown layer 'convolution'"},
    {NET("  flatten\n  liner classes\n"),
     "layers:2: unknown layer 'liner'; did you mean 'linear'?"},
    {NET("  conv 8 3x3 strid 2\n"), "bad.ini: layers:1: conv: unexpected 'strid'"},
    {NET("  conv 8 3x3 stride\n"), "bad.ini: layers:1: conv: there is no number after 'stride'"},
    {NET("  conv 8\n"), "bad.ini: layers:1: conv: there is no 'KxL'"},
    {NET("  conv 0 3x3\n"), "bad.ini: layers:1: conv: CHANNELS is '0'"},
    {NET("  conv 8 3x2x1\n"), "bad.ini: layers:1: conv: the kernel is '3x2x1'"},
    {NET("  conv 8 3x3 groups 2\n"), "bad.ini: layers:1: groups 2 must divide the channels"},
    {NET("  conv 8 63x63 pad 0\n"), "bad.ini: layers:1: "},
    {NET("  conv 65536 63x63 stride 32 pad 31\n  global_avgpool\n  flatten\n  linear classes\n"),
     "bad.ini: layers:1: parameter 'conv1.weight' is too large: a model has at most"},
    {NET("  conv 999999999 3x3\n"), "bad.ini: layers:1: conv: CHANNELS"},
    {NET("  relu 3\n"), "bad.ini: layers:1: relu: unexpected '3'"},
    {NET("  maxpool 64\n"), "bad.ini: layers:1: "},
    {NET("  dropout 1\n"), "bad.ini: layers:1: dropout: the probability is '1'"},
    {NET("  end\n"), "bad.ini: layers:1: 'end' without a block"},
    {NET("  group a\n    relu\n"), "bad.ini: layers:2: the 'group' of line 1 has no 'end'"},
    {NET("  repeat 2\n  end\n"), "bad.ini: layers:2: the 'repeat' of line 1 has no layers"},
    {NET("  repeat 1000\n  repeat 1000\n  relu\n  end\n  end\n"), "the network has more than"},
    {NET("  residual\n    conv 8 3x3\n  end\n"), "bad.ini: layers:"},
    {NET("  concat\n    relu\n  end\n"),
     "bad.ini: layers:3: the 'concat' of line 1 has one branch"},
    {NET("  shortcut\n"), "bad.ini: layers:1: 'shortcut' must stand directly in a 'residual'"},
    {NET(PLAIN_LAYERS "[prune]\nmethod = random\ndistribution = per-layer\nlayers =\n  conv1 2\n"),
     "bad.ini:31: [prune] layers:1: 'conv1 2'"},
    {NET(PLAIN_LAYERS
         "[prune]\nmethod = random\ndistribution = per-layer\nlayers =\n  conv1 .5\n  conv9 .5\n"),
     "bad.ini:32: [prune] layers:2: 'conv9 .5' matches no layer"},
    {NET(PLAIN_LAYERS "[prune]\nmethod = random\ndistribution = per-layer\n"),
     "bad.ini:29: [prune] distribution = per-layer"},
};

START_TEST(bad_text) {
  text_write("bad.ini", texts[_i].text);
  refused((const char *[]){"run", "bad.ini", NULL}, &(process_options){0}, "bad.ini",
          texts[_i].expected);
  leaves_nothing();
}
END_TEST

static const struct {
  const char *argument[4], *expected;
} arguments[] = {
    {{"train.lr"}, "argument 'train.lr': expected section.key=value"},
    {{"lr=0.1"}, "argument 'lr=0.1': expected section.key=value; did you mean train.lr?"},
    {{"trian.lr=1"}, "argument 'trian.lr=1': unknown section [trian]; did you mean train?"},
    {{"train.lrr=1"}, "argument 'train.lrr=1': unknown key 'lrr' in [train]; did you mean 'lr'?"},
    {{"train.lr=fast"}, "argument 'train.lr=fast': lr = 'fast'"},
    {{"train.lr=\033[31m"}, "argument 'train.lr=...': expected UTF-8"},
    {{"run.name=x/y"}, "argument 'run.name=x/y': name = 'x/y'"},
    {{"--fast"}, "unknown option '--fast'"},
    {{"prune.method=magnitude", "prune.schedule=one-shot", "prune.rounds=3"},
     "plain.ini: [prune] rounds = 3 with schedule = one-shot"},
    {{"prune.method=magnitude", "prune.retrain=weight-rewind", "prune.rewind_epoch=3"},
     "plain.ini: [prune] rewind_epoch = 3: expected at most the 2 epochs"},
    {{"prune.method=magnitude", "prune.retrain=lr-rewind", "prune.retrain_epochs=3"},
     "plain.ini: [prune] retrain_epochs = 3 with retrain = lr-rewind"},
    {{"prune.method=rigl", "prune.begin_epoch=2", "prune.end_epoch=1"},
     "plain.ini: [prune] end_epoch = 1"},
    {{"prune.method=magnitude", "prune.skip=*"},
     "plain.ini: [prune]: structure 'weight' with skip = '*'"},
    {{"prune.method=magnitude", "prune.skip=conv9"},
     "plain.ini: [prune] skip: 'conv9' matches no layer"},
    {{"prune.method=set", "prune.structure=filter"},
     "plain.ini: [prune]: method 'set' moves single weights"},
    {{"prune.method=random", "prune.structure=filter", "model.arch=mlp"},
     "leaves no layer to prune"},
    {{"prune.regulariser=l1"}, "plain.ini: [prune] regulariser = l1 with method = none"},
    {{"prune.method=rigl", "prune.regulariser=l1"},
     "plain.ini: [prune]: regulariser 'l1' acts before"},
    {{"prune.method=magnitude", "prune.regulariser=l2"}, "regulariser = 'l2'"},
    {{"prune.method=magnitude", "prune.regulariser=slimming", "model.arch=mlp"},
     "plain.ini: [prune]: regulariser 'slimming' finds nothing to act on"},
    {{"prune.method=rigl", "prune.distill=0.5"},
     "plain.ini: [prune] distill = 0.5: the dense network"},
    {{"prune.method=rigl", "prune.retrain=reconstruct"},
     "plain.ini: [prune] retrain = reconstruct: the dense network"},
    {{"prune.method=magnitude", "prune.retrain=reconstruct", "prune.distill=0.5"},
     "plain.ini: [prune] distill = 0.5 with retrain = reconstruct"},
    {{"prune.method=magnitude", "prune.distill=0.5", "train.loss=mse"},
     "plain.ini: [prune] distill = 0.5 with loss = mse"},
    {{"prune.method=random", "prune.distribution=per-layer"},
     "plain.ini: [prune] distribution = per-layer"},
    {{"prune.method=magnitude", "prune.distribution=threshold"},
     "plain.ini: [prune] distribution = threshold: expected a threshold above 0"},
    {{"prune.method=magnitude", "prune.threshold=0.1"},
     "plain.ini: [prune] threshold = 0.1 with distribution = global, where sparsity = 0.9"},
    {{"prune.method=magnitude", "prune.distribution=threshold", "prune.threshold=0.1",
      "prune.sparsity=0.8"},
     "plain.ini: [prune] sparsity = 0.8 with distribution = threshold"},
    {{"prune.method=rigl", "prune.distribution=threshold", "prune.threshold=0.1"},
     "plain.ini: [prune]: distribution 'threshold' says by scores how many stay"},
    {{"prune.method=magnitude", "prune.distribution=threshold", "prune.threshold=0.1",
      "prune.schedule=exponential"},
     "plain.ini: [prune]: distribution 'threshold' asks for no sparsity, which schedule"},
    {{"prune.threshold=-1"}, "threshold = '-1'"},
    {{"data.validation=96"},
     "plain.ini: data.validation: 96 images asked for, must be fewer than the 96"},
    {{"data.train=1000000000"}, "plain.ini: data.train: 1000000000 images asked for"},
    {{"data.test=999999999"}, "plain.ini: data.test: 999999999 images asked for"},
    {{"data.mean=0.5 0.5"}, "plain.ini: data.mean: 2 numbers for images of 3 channels"},
    {{"data.std=1"}, "plain.ini: data.std: 1 numbers for images of 3 channels"},
    {{"data.augment=crop", "data.crop_padding=32"}, "plain.ini: data.crop_padding: 32"},
    {{"data.dataset=cifar100"}, "plain.ini: data.path: data set 'cifar100' needs the folder"},
    {{"data.dataset=idx", "data.path=nowhere"}, "nowhere: no such folder"},
    {{"data.dataset=folder", "data.path=plain.ini"}, "plain.ini: no such folder"},
    {{"model.input=3x32"}, "plain.ini: the shape is '3x32'"},
    {{"model.input=3x0x32"}, "plain.ini: the shape is '3x0x32'"},
    {{"model.input=1x28x28"},
     "plain.ini: model.input is 1x28x28, but the data set's images are 3x32x32"},
    {{"model.arch=restnet20"},
     "plain.ini: model.arch: unknown architecture 'restnet20'; did you mean 'resnet20'"},
    {{"model.arch=resnet21"}, "plain.ini: "},
    {{"model.arch=wrn-16"}, "plain.ini: model.arch: unknown architecture 'wrn-16'"},
    {{"model.arch=\xc3\xa4"}, "plain.ini: model.arch: unknown architecture"},
    {{"model.weights=nowhere"}, "plain.ini: nowhere: no such file or run directory"},
    {{"model.weights=."}, "/.: no weights in this directory"},
    {{"model.weights=plain.ini"}, "/plain.ini: at byte 0: header of"},
    {{"-o"}, "-o: expected a directory after it"},
};

START_TEST(bad_argument) {
  const char *const *a = arguments[_i].argument;
  REFUSED(arguments[_i].expected, "run", "plain.ini", a[0], a[1], a[2], a[3]);
  leaves_nothing();
}
END_TEST

START_TEST(bad_config_files) {
  char *large = malloc(2 << 20);
  ck_assert_ptr_nonnull(large);
  memset(large, '\n', 2 << 20);
  bytes_write("large.ini", large, 2 << 20);
  free(large);
  bytes_write("nul.ini", "[run]\nseed\0= 1\n", 15);
  ck_assert_int_eq(mkdir("folder.ini", 0777), 0);
  ck_assert_int_eq(mkfifo("pipe.ini", 0666), 0);
  REFUSED("nowhere.ini: cannot open: No such file", "run", "nowhere.ini", "-o", "out");
  REFUSED("plain.ini/x: cannot open: Not a directory", "run", "plain.ini/x", "-o", "out");
  REFUSED("folder.ini: is a directory", "run", "folder.ini", "-o", "out");
  REFUSED("pipe.ini: is not a regular file", "run", "pipe.ini", "-o", "out");
  REFUSED("large.ini: too large", "run", "large.ini", "-o", "out");
  REFUSED("nul.ini:2: NUL byte", "run", "nul.ini", "-o", "out");
  if (geteuid() != 0) {
    text_write("secret.ini", "[run]\n");
    ck_assert_int_eq(chmod("secret.ini", 0), 0);
    REFUSED("secret.ini: cannot open: Permission denied", "run", "secret.ini", "-o", "out");
  }
  const process_options isa = {.environment = (const char *[]){"ESPALIER_ISA=sse9", NULL}};
  refused((const char *[]){"run", "plain.ini", "-o", "out", NULL}, &isa,
          "ESPALIER_ISA = 'sse9': expected one", NULL);
  leaves_nothing();
}
END_TEST

START_TEST(unknown_command) {
  process p = espalier(&(process_options){0}, (const char *[]){"rnu", "plain.ini", NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert_str_eq(p.err, "espalier: unknown command 'rnu'; did you mean 'run'?\n");
  process_free(&p);
  leaves_nothing();
}
END_TEST

START_TEST(bad_calls) {
  REFUSED("expected a configuration", "run");
  REFUSED("expected one run directory", "resume");
  REFUSED("expected one run directory", "resume", "a", "b");
  REFUSED("nowhere: not a run directory", "resume", "nowhere");
  REFUSED("plain.ini: not a run directory", "resume", "plain.ini");
  REFUSED(".: not a run directory", "resume", ".");
  REFUSED("nowhere", "eval", "nowhere");
  REFUSED(NULL, "eval");
  REFUSED("plain.ini", "eval", "plain.ini");
  REFUSED(".", "inspect", ".");
  REFUSED(NULL, "inspect");
  REFUSED("nowhere", "predict", "nowhere", "plain.ini");
  REFUSED(NULL, "predict");
  REFUSED("kernals", "list", "kernals");
  REFUSED("trian", "help", "trian");
  leaves_nothing();
}
END_TEST

/* ---- data ---- */

START_TEST(damaged_data) {
  const damage *d = damage_at((size_t)_i);
  char data[64], path[64];
  snprintf(data, sizeof data, "data.dataset=%s", d->dataset);
  ck_assert_int_eq(mkdir("data", 0777), 0);
  damage_make((size_t)_i, "data");
  snprintf(path, sizeof path, "data/%s", d->file);
  refused((const char *[]){"run", "plain.ini", data, "data.path=data", "data.train=0",
                           "data.test=0", NULL},
          &(process_options){0}, path, d->expected);
  leaves_nothing();
}
END_TEST

START_TEST(wrong_data) {
  char *cifar = folder_make(), data[600];
  cifar10_make(cifar);
  snprintf(data, sizeof data, "data.path=%s", cifar);
#define CIFAR10 "run", "plain.ini", "data.dataset=cifar10", data, "data.test=0"
  REFUSED("plain.ini: data.train: 96 images asked for, the data set has 20", CIFAR10);
  REFUSED("plain.ini: data.validation: 20", CIFAR10, "data.train=0", "data.validation=20");
  REFUSED("train.bin", "run", "plain.ini", "data.dataset=cifar100", data);
  REFUSED("train-images-idx3-ubyte: no such file", "run", "plain.ini", "data.dataset=idx", data);
  REFUSED("no folders in it, expected train and test, or one for each class", "run", "plain.ini",
          "data.dataset=folder", data);
  folder_remove(cifar);
  leaves_nothing();
}
END_TEST

/* ---- weights ---- */

#define FROM(file) "run", "plain.ini", "-o", "out", "model.weights=" file

START_TEST(bad_weights) {
  ESPALIER("run", "plain.ini", "-o", "other", "model.arch=lenet5", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "same", "train.epochs=0");
  size_t bytes;
  char *file = bytes_read("same/dense.safetensors", &bytes);
  REFUSED("/other/dense.safetensors: ", FROM("other"));
  bytes_write("cut", file, bytes - 1);
  REFUSED("/cut: ", FROM("cut"));
  REFUSED("cut: ", "eval", "cut");
  REFUSED("cut: ", "inspect", "cut");
  bytes_write("empty", file, 0);
  REFUSED("/empty: at byte 0", FROM("empty"));
  REFUSED("empty: ", "eval", "empty");
  file[bytes - 5] ^= 1;
  bytes_write("flipped", file, bytes);
  REFUSED("do not match their SHA-256", FROM("flipped"));
  REFUSED("do not match their SHA-256", "eval", "flipped");
  REFUSED("do not match their SHA-256", "predict", "flipped", "plain.ini");
  REFUSED("plain.ini", "predict", "same", "plain.ini");
  REFUSED("nowhere.png", "predict", "same", "nowhere.png");
  REFUSED("dataset", "eval", "same", "data.dataset=cifar1");
  free(file);
  leaves_nothing();
}
END_TEST

/* ---- checkpoints ---- */

/* Steps of one image: many of them, and few images to draw whenever the run is opened. */
#define RUN                                                                \
  "run", "plain.ini", "data.train=200", "train.batch=1", "train.epochs=1", \
      "prune.method=magnitude", "prune.rounds=2", "run.checkpoint_minutes=0"
#define CHECKPOINT "a/checkpoint.safetensors"

/* Resuming fails, and leaves the checkpoint as it is. */
static void not_resumed(const void *data, size_t bytes, const char *expected) {
  bytes_write(CHECKPOINT, data, bytes);
  bytes_write("copy", data, bytes);
  REFUSED(expected, "resume", "a");
  ck_assert(same_bytes(CHECKPOINT, "copy"));
}

static void stop_in_the_middle(void) {
  const process_options stop = {.signal = SIGTERM, .begun = CHECKPOINT};
  process p = espalier(&stop, (const char *[]){RUN, "-o", "a", NULL});
  ck_assert_msg(p.status == 130, "status %d: %s", p.status, p.err);
  process_free(&p);
}

START_TEST(damaged_checkpoint) {
  stop_in_the_middle();
  size_t bytes, other_bytes;
  char *good = bytes_read(CHECKPOINT, &bytes), *bad = malloc(bytes + 1);
  ck_assert_ptr_nonnull(bad);
  memcpy(bad, good, bytes);
  const size_t cuts[] = {0, 7, 8, 100, bytes / 2, bytes - 1};
  for (int i = 0; i < 6; i++) not_resumed(good, cuts[i], CHECKPOINT);
  bad[bytes] = 'x';
  not_resumed(bad, bytes + 1, CHECKPOINT);
  size_t data = 8;
  for (size_t i = 0; i < 3; i++) data += (size_t)(unsigned char)good[i] << (8 * i);
  for (size_t i = 0; i < 32; i++) { /* the length of the header; the data, which have checksums */
    const size_t at = i < 8 ? i : data + (bytes - data) / 24 * (i - 8);
    bad[at] ^= 64;
    not_resumed(bad, bytes, CHECKPOINT);
    bad[at] ^= 64;
  }
  char *digit = memmem(bad, data, "espalier.position", 17); /* a number that stays one */
  ck_assert_ptr_nonnull(digit);
  digit += strcspn(digit, "0123456789");
  *digit ^= 1;
  not_resumed(bad, bytes, CHECKPOINT);
  ESPALIER("run", "plain.ini", "-o", "same", "train.epochs=0");
  char *weights = bytes_read("same/dense.safetensors", &other_bytes);
  not_resumed(weights, other_bytes, CHECKPOINT);
  ESPALIER("run", "plain.ini", "-o", "other", "model.arch=lenet5", "train.epochs=0");
  char *other = bytes_read("other/checkpoint.safetensors", &other_bytes);
  not_resumed(other, other_bytes, CHECKPOINT);
  bytes_write(CHECKPOINT, good, bytes);
  ESPALIER("resume", "a");
  ESPALIER(RUN, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  free(good);
  free(bad);
  free(weights);
  free(other);
}
END_TEST

/* What a crash of the system may leave of a run: a file cut in half, emptied, or gone. */
enum { HALF, EMPTY, GONE };
static const struct {
  const char *command, *file;
  int damage;
  const char *expected;
} halves[] = {
    {"resume", "config.ini", GONE, "a: not a run directory: expected a directory with config.ini"},
    {"report", "config.ini", GONE, "a: not a run directory, and holds none"},
    {"watch", "config.ini", GONE, "a: neither a sweep nor a run nor a search"},
    {"resume", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"report", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"watch", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"compare", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"resume", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"report", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"watch", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"compare", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"resume", "checkpoint.safetensors", HALF, CHECKPOINT ": "},
    {"resume", "checkpoint.safetensors", EMPTY, CHECKPOINT ": at byte 0"},
    {"inspect", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"bench", "round-02.safetensors", EMPTY, "a/round-02.safetensors: at byte 0"},
    {"shrink", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"eval", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"compare", "result.json", HALF, "nothing in paper.csv is about these runs"},
    {"compare", "result.json", GONE, "nothing in paper.csv is about these runs"},
};

static bool is(const char *text, const char *name) {
  return strcmp(text, name) == 0;
}

/* As above, of a command and the directory it is about, with what else it wants to be called
 * with. */
static void refused_at(const char *expected, const char *command, const char *dir) {
  if (is(command, "shrink"))
    REFUSED(expected, command, dir, "-o", "small.safetensors");
  else
    REFUSED(expected, command, dir, is(command, "compare") ? "paper.csv" : NULL);
}

START_TEST(half_written_runs) {
  char path[64], text[] = "[run]\nseed = 1\nthre";
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.rounds=2");
  text_write("paper.csv", "sparsity,test_accuracy\n0.9,0.5\n");
  snprintf(path, sizeof path, "a/%s", halves[_i].file);
  size_t bytes;
  char *whole = bytes_read(path, &bytes);
  const bool config = is(halves[_i].file, "config.ini");
  if (config) bytes = 2 * strlen(text);
  if (halves[_i].damage == GONE)
    ck_assert_int_eq(remove(path), 0);
  else
    bytes_write(path, config ? text : whole, halves[_i].damage == HALF ? bytes / 2 : 0);
  const int files = count_files("a", "") + count_files(".", "");
  refused_at(halves[_i].expected, halves[_i].command, "a");
  ck_assert_int_eq(count_files("a", "") + count_files(".", ""), files);
  free(whole);
}
END_TEST

/* Commands that read a run, of a directory that is none. */
START_TEST(not_a_run) {
  static const char *const commands[] = {"report",      "resume", "watch", "compare",
                                         "inspect",     "bench",  "eval",  "shrink",
                                         "sensitivity", "search", "sweep"};
  ck_assert_int_eq(mkdir("odd", 0777), 0);
  text_write("odd/x", "x");
  text_write("paper.csv", "sparsity,test_accuracy\n0.9,0.5\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    refused_at("odd: n", commands[i], "odd");
  REFUSED("odd: no weights in this directory", "overlap", "odd", "odd");
  ck_assert_int_eq(count_files("odd", ""), 1);
  leaves_nothing();
}
END_TEST

/* Writes the checkpoint again with another position, or (NULL) with other data of the tensor `name`
 * and without its checksum. */
static void rewrite(const tensors *t, size_t bytes, const char *position) {
  cJSON *header = cJSON_Duplicate(t->header, 1),
        *metadata = cJSON_GetObjectItem(header, "__metadata__");
  cJSON_DeleteItemFromObject(metadata,
                             "sha256"); /* of the texts: the reader must do without its help */
  if (position)
    cJSON_ReplaceItemInObjectCaseSensitive(metadata, "espalier.position",
                                           cJSON_CreateString(position));
  while (!position && metadata->child)
    cJSON_Delete(cJSON_DetachItemViaPointer(metadata, metadata->child));
  char *text = cJSON_PrintUnformatted(header);
  uint64_t length = strlen(text), before;
  memcpy(&before, t->file, 8);
  char *file = malloc(8 + length + bytes);
  ck_assert_ptr_nonnull(file);
  memcpy(file, &length, 8);
  memcpy(file + 8, text, length);
  memcpy(file + 8 + length, t->file + 8 + before, bytes - 8 - before);
  not_resumed(file, length + bytes - before, CHECKPOINT);
  cJSON_Delete(header);
  cJSON_free(text);
  free(file);
}

/* Positions that no run has: the text of ours with a number changed. */
START_TEST(strange_positions) {
  static const char *const whole[] = {"", "{", "null", "[]", "{}", "{\"stage\":0}", "\"\\ud800\""};
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"stage", -1},    {"stage", 1},   {"stage", 3},    {"stage", 99},
                 {"stage", 1e300}, {"epoch", -1},  {"epoch", 1},    {"epoch", 1e9},
                 {"epoch", 1e300}, {"batch", -1},  {"batch", 1000}, {"batch", 1e15},
                 {"begun", 0},     {"results", 7}, {"log", 1},      {"layers", 0},
                 {"now", 3},       {"train", 0}};
  stop_in_the_middle();
  size_t bytes;
  free(bytes_read(CHECKPOINT, &bytes));
  tensors t = tensors_read(CHECKPOINT);
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) rewrite(&t, bytes, whole[i]);
  const char *text = tensors_text(&t, "espalier.position");
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    cJSON *position = cJSON_Parse(text);
    ck_assert_ptr_nonnull(cJSON_GetObjectItem(position, numbers[i].name));
    cJSON_ReplaceItemInObject(position, numbers[i].name, cJSON_CreateNumber(numbers[i].value));
    char *changed = cJSON_PrintUnformatted(position);
    rewrite(&t, bytes, changed);
    cJSON_free(changed);
    cJSON_Delete(position);
  }
  rewrite(&t, bytes, NULL); /* no position at all */
  tensors_free(&t);
}
END_TEST

/* A mask is 0 or 1, and what it leaves out is 0. The checksums are gone, as if other tools had
 * written it. */
START_TEST(strange_masks) {
  stop_in_the_middle();
  size_t bytes;
  free(bytes_read(CHECKPOINT, &bytes));
  tensors t = tensors_read(CHECKPOINT);
  const tensor *mask = tensor_of(&t, "mask.", "conv1.weight");
  uint8_t *keep = (uint8_t *)mask->data;
  cJSON *metadata = cJSON_GetObjectItem(t.header, "__metadata__");
  cJSON_DeleteItemFromObject(metadata, "sha256.mask.conv1.weight");
  char *position = strdup(tensors_text(&t, "espalier.position"));
  size_t kept = 0;
  while (!kept_at(mask, kept)) kept++;
  keep[kept] = 2;
  rewrite(&t, bytes, position);
  keep[kept] = 0;
  rewrite(&t, bytes, position);
  free(position);
  tensors_free(&t);
}
END_TEST

/* config.ini of run a with another value of one key. */
static void change_config(const char *whole, const char *key, const char *value) {
  char line[64], *changed = NULL;
  snprintf(line, sizeof line, "\n%s = ", key);
  const char *at = strstr(whole, line);
  ck_assert_msg(at != NULL, "no %s", key);
  at += strlen(line);
  ck_assert_int_gt(
      asprintf(&changed, "%.*s%s%s", (int)(at - whole), whole, value, at + strcspn(at, "\n")), 0);
  text_write("a/config.ini", changed);
  free(changed);
}

/* The configuration of a run is changed behind its back. */
START_TEST(another_config) {
  static const char *const changes[][2] = {{"lr", "0.3"},      {"seed", "9"},
                                           {"epochs", "0"},    {"validation", "5"},
                                           {"arch", "lenet5"}, {"average", "0.9"}};
  stop_in_the_middle();
  char *whole = bytes_read("a/config.ini", NULL);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    change_config(whole, changes[i][0], changes[i][1]);
    REFUSED(CHECKPOINT, "resume", "a");
  }
  free(whole);
}
END_TEST

/* ---- places that cannot be written ---- */

START_TEST(bad_output) {
  char deep[3001];
  text_write("file", "x");
  ck_assert_int_eq(mkdir("taken", 0777), 0);
  ck_assert_int_eq(mkdir("taken/config.ini", 0777), 0);
  ck_assert_int_eq(mkdir("odd", 0777), 0);
  ck_assert_int_eq(mkdir("odd/checkpoint.safetensors", 0777), 0);
  for (size_t i = 0; i + 1 < sizeof deep; i++) deep[i] = i % 100 == 99 ? '/' : 'd';
  deep[sizeof deep - 1] = '\0';
  REFUSED("file: is in the way", "run", "plain.ini", "-o", "file");
  REFUSED("file: is in the way", "run", "plain.ini", "-o", "file/a");
  REFUSED("path of 0 bytes", "run", "plain.ini", "-o", "");
  REFUSED("a path of 3000 bytes", "run", "plain.ini", "-o", deep);
  REFUSED("a path of 3000 bytes", "resume", deep);
  REFUSED("holds a run already", "run", "plain.ini", "-o", "taken");
  REFUSED("odd: has files in it that are not a run's", "run", "plain.ini", "-o", "odd");
  REFUSED("file: is in the way", "run", "plain.ini", "run.output=file");
  if (geteuid() != 0) {
    ck_assert_int_eq(mkdir("sealed", 0500), 0);
    REFUSED("sealed/a: cannot make the directory: Permission denied", "run", "plain.ini", "-o",
            "sealed/a");
  }
  char *text = bytes_read("file", NULL);
  ck_assert_str_eq(text, "x");
  free(text);
  leaves_nothing();
}
END_TEST

/* Files cannot grow beyond 16 KiB, as if the disk were full: checkpoints are larger. */
START_TEST(full_disk) {
  const process_options full = {.file_limit = 16384};
  refused((const char *[]){RUN, "-o", "a", NULL}, &full, CHECKPOINT ": cannot be written",
          "File too large");
  ck_assert_int_eq(count_files("a", ".tmp"), 0);
  ESPALIER("resume", "a");
  remove_tree("a");
  stop_in_the_middle();
  size_t bytes;
  char *good = bytes_read(CHECKPOINT, &bytes);
  bytes_write("copy", good, bytes);
  free(good);
  refused((const char *[]){"resume", "a", NULL}, &full, CHECKPOINT ": cannot be written",
          "File too large");
  ck_assert(same_bytes(CHECKPOINT, "copy"));
  ck_assert_int_eq(count_files("a", ".tmp"), 0);
  ESPALIER("resume", "a");
  ESPALIER(RUN, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
}
END_TEST

static Suite *suite(void) {
  int damages = 0;
  while (damage_at((size_t)damages)) damages++;
  Suite *s = suite_create("bad input");
  TCase *t = tcase_create("bad input");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, bad_text, 0, (int)(sizeof texts / sizeof *texts));
  tcase_add_loop_test(t, bad_argument, 0, (int)(sizeof arguments / sizeof *arguments));
  tcase_add_test(t, bad_config_files);
  tcase_add_test(t, unknown_command);
  tcase_add_test(t, bad_calls);
  tcase_add_loop_test(t, damaged_data, 0, damages);
  tcase_add_test(t, wrong_data);
  tcase_add_test(t, bad_weights);
  tcase_add_test(t, damaged_checkpoint);
  tcase_add_loop_test(t, half_written_runs, 0, (int)(sizeof halves / sizeof *halves));
  tcase_add_test(t, not_a_run);
  tcase_add_test(t, strange_positions);
  tcase_add_test(t, strange_masks);
  tcase_add_test(t, another_config);
  tcase_add_test(t, bad_output);
  tcase_add_test(t, full_disk);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
