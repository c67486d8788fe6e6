/* Whatever is wrong with a configuration or a command line, it is said in one line with the place,
 * the command exits with status 2, and there is nothing to clean up. */
#include "nets.h"
#include "refused.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

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
    {"[data]\nmean = 2e30\n", "bad.ini:2: mean = '2e30'"},
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
    {{"data.mean=0.5 0.5 1.5"}, "plain.ini: data.mean: 1.5, expected 0 to 1 of pixels"},
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
    {{"model.weights=."}, ": no weights in this directory"},
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
  REFUSED("a: not a run directory", "resume", "a", "b");
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

static Suite *suite(void) {
  Suite *s = suite_create("bad configurations");
  TCase *t = tcase_create("bad configurations");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, bad_text, 0, (int)(sizeof texts / sizeof *texts));
  tcase_add_loop_test(t, bad_argument, 0, (int)(sizeof arguments / sizeof *arguments));
  tcase_add_test(t, bad_config_files);
  tcase_add_test(t, unknown_command);
  tcase_add_test(t, bad_calls);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
