/* Networks that hear: from WAV files to answers, by the command. */
#include "rig.h"

#include "data/wav_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char config[] =
    "[run]\nthreads = 1\n"
    "[data]\ndataset = audio\npath = sounds\nrate = 8000\nseconds = 0.25\n"
    "bands = 8\nvalidation = 4\naugment = shift noise\nshift = 40\n"
    "[train]\nepochs = 40\nbatch = 8\nlr = 0.05\n"
    "[prune]\nmethod = magnitude\nsparsity = 0.5\nretrain_epochs = 10\n"
    "[model]\narch = custom\nlayers =\n"
    "  conv 8 3x3 stride 2\n  bn\n  relu\n  global_avgpool\n  flatten\n"
    "  linear classes\n";

/* Two classes of 20 sounds, deep and high ones, at another rate than the network's. */
static void setup(void) {
  rig_open();
  text_write("sounds.ini", config);
  for (int i = 0; i < 20; i++) {
    char name[64];
    snprintf(name, sizeof name, "sounds/deep/%02d.wav", i);
    wav_write_sine(".", name, 11025, 0.25, 200.0 + 20.0 * i, 0.3);
    snprintf(name, sizeof name, "sounds/high/%02d.wav", i);
    wav_write_sine(".", name, 11025, i ? 0.25 : 0.5, 2000.0 + 50.0 * i, 0.3);
  }
  wav_write_sine(".", "new.wav", 44100, 0.2, 2345.0, 0.2);
}

START_TEST(a_sound_is_recognised) {
  ENDS(0, "[data] seconds = 0.25: 1 of 40 sounds are longer", NULL, "run", "sounds.ini", "-o", "a");
  cJSON *result = result_read("a");
  const double accuracy = number_of(cJSON_GetObjectItem(result, "final"), "test_accuracy");
  char top1[32];
  snprintf(top1, sizeof top1, "top-1 %.2f %%", 100.0 * accuracy);
  ck_assert_double_ge(accuracy, 0.75); /* half of them by chance */
  cJSON_Delete(result);
  ENDS(0, "new.wav\n", NULL, "predict", "a", "new.wav");
  ESPALIER("pack", "a", "-o", "net.esp");
  process p = espalier(&(process_options){0},
                       (const char *[]){"predict", "net.esp", "new.wav", "new.wav", NULL});
  ck_assert_msg(p.status == 0 && strstr(p.out, " high"), "%s%s", p.out, p.err);
  ck_assert(strstr(p.out, " high") < strstr(p.out, " deep"));
  process_free(&p);
  ENDS(0, top1, NULL, "eval", "net.esp", "data.path=sounds");
}
END_TEST

START_TEST(what_cannot_be_heard_is_named) {
  ESPALIER("run", "sounds.ini", "-o", "a", "train.epochs=0", "prune.method=none",
           "data.seconds=0.5");
  text_write("no.wav", "no sound");
  ENDS(2, NULL, "no.wav: at byte 0: expected a WAV file", "predict", "a", "no.wav");
  ENDS(2, NULL, "[data] augment = flip: is for pictures, and the data are sounds", "run",
       "sounds.ini", "data.augment=flip");
  bytes_write("sounds/high/99.wav", "RIFF", 4);
  ENDS(2, NULL, "99.wav: at byte 0: expected a WAV file", "run", "sounds.ini");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("sounds");
  TCase *t = tcase_create("sounds");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, a_sound_is_recognised);
  tcase_add_test(t, what_cannot_be_heard_is_named);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
