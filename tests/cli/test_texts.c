/* Networks that read: from files of texts to answers, by the command; the vocabulary goes with the
 * weights. */
#include "rig.h"

#include <espalier/predict.h>
#include <espalier/run.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char config[] =
    "[run]\nthreads = 1\n"
    "[data]\ndataset = text\npath = texts\nlength = 6\n"
    "[train]\nepochs = 30\nbatch = 8\nlr = 0.01\noptimiser = adam\n"
    "[prune]\nmethod = magnitude\nsparsity = 0.5\nretrain_epochs = 5\n"
    "[model]\narch = custom\nlayers =\n"
    "  embedding 8\n  conv 8 1x3\n  relu\n  token_max\n  linear classes\n";

/* Words of one class have an x in them, those of the other a y, among letters that say nothing. */
static void setup(void) {
  char with_x[512] = "", with_y[512] = "", word[8];
  rig_open();
  text_write("texts.ini", config);
  for (int i = 0; i < 40; i++) {
    memset(word, 0, sizeof word);
    for (int c = 0; c < 5; c++) word[c] = (char)('a' + (i * 7 + c * c + i / 5) % 9);
    word[i % 5] = 'x';
    strcat(strcat(with_x, word), "\n");
    word[i % 5] = 'y';
    strcat(strcat(with_y, word), "\n");
  }
  ck_assert(system("mkdir texts") == 0);
  text_write("texts/cross.txt", with_x);
  text_write("texts/fork.txt", with_y);
}

START_TEST(a_text_is_read) {
  ESPALIER("run", "texts.ini", "-o", "a");
  cJSON *result = result_read("a");
  ck_assert_double_ge(number_of(cJSON_GetObjectItem(result, "final"), "test_accuracy"), 0.9);
  cJSON_Delete(result);
  ESPALIER("pack", "a", "-o", "net.esp");
  process p = espalier(&(process_options){0},
                       (const char *[]){"predict", "net.esp", "abxba", "abcdefghix", "QyQ", NULL});
  const char *cross = strstr(p.out, " cross"), *fork = strstr(p.out, " fork");
  ck_assert_msg(p.status == 0 && cross && fork && cross < fork, "%s%s", p.out, p.err);
  ck_assert_msg(strstr(p.out, "QyQ (2 of 3 tokens unknown)\n") != NULL, "%s", p.out);
  process_free(&p);
}
END_TEST

/* Other texts are read with the network's vocabulary, not with one of their own. */
START_TEST(the_vocabulary_is_the_networks) {
  ESPALIER("run", "texts.ini", "-o", "a", "prune.method=none");
  ck_assert(system("mkdir other") == 0);
  text_write("other/train.tsv", "cross\tzzzzz\nfork\tqqqqq\n");
  text_write("other/test.tsv", "cross\txx\ncross\tax\nfork\tby\nfork\tyy\n");
  ENDS(0, "top-1 100.00 %", NULL, "eval", "a", "data.path=other");
  ESPALIER("run", "texts.ini", "-o", "b", "data.path=other", "prune.method=none",
           "model.weights=a/dense.safetensors", "train.epochs=0");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
}
END_TEST

/* Heads, hidden units of an encoder and of an LSTM, dimensions, halves of encoder blocks. */
static const char *const structures[] = {"head", "neuron", "dimension", "layer"};

START_TEST(what_a_reader_loses_is_gone) {
  double before, after;
  char structure[64];
  snprintf(structure, sizeof structure, "prune.structure=%s", structures[_i]);
  ESPALIER("run", "texts.ini", "-o", "a", "train.epochs=2", "prune.retrain_epochs=1", structure,
           "model.convolution=direct",
           "model.layers=embedding 8\npositions\nrepeat 2\nresidual\nlayernorm\nconv 24 1x1\n"
           "attention 2\nconv 8 1x1\nend\nresidual\nlayernorm\nconv 9 1x1\ngelu\nconv 8 1x1\n"
           "end\nend\nlayernorm\nlstm 6 both\ntoken_last\nlinear classes");
  process p = espalier(&(process_options){0},
                       (const char *[]){"shrink", "a", "-o", "small.safetensors", NULL});
  ck_assert_msg(p.status == 0 && strstr(p.out, "images: 0 "), "%s%s", p.out, p.err);
  ck_assert_int_eq(sscanf(strstr(p.out, "parameters"), "parameters %lf %lf", &before, &after), 2);
  ck_assert_double_lt(after, 0.9 * before);
  process_free(&p);
}
END_TEST

/* Every kind of layer of sequences, trained and pruned, by both engines; the library opens the same
 * file by itself. */
START_TEST(the_predictor_reads) {
  ESPALIER("run", "texts.ini", "-o", "a", "train.epochs=2", "prune.retrain_epochs=1",
           "model.layers=embedding 8\npositions\nresidual\nlayernorm\nconv 24 1x1\nattention 2\n"
           "conv 8 1x1\nend\nproduct\nconv 9 1x3\nsigmoid\nbranch\nconv 9 1x1\nend\ngru 7\n"
           "lstm 6 both\ntoken_last\nlinear classes");
  process lanes = espalier(&(process_options){0}, (const char *[]){"eval", "a", "--hash", NULL}),
          alone = espalier(&(process_options){0},
                           (const char *[]){"eval", "a", "--engine", "predictor", "--hash", NULL});
  ck_assert_int_eq(alone.status, 0);
  ck_assert_str_eq(strstr(lanes.out, "logits_sha256"), strstr(alone.out, "logits_sha256"));
  process_free(&lanes);
  process_free(&alone);
  ESPALIER("pack", "a", "-o", "net.esp");
  const float text[6] = {2.0f, 1.0f, 4.0f};
  esp_network *network[2];
  esp_loaded_run o;
  esp_error err;
  float logits[2][2];
  ck_assert(esp_load_run(&o, "net.esp", false, 0, NULL, &err) == ESP_OK);
  ck_assert(esp_network_of_model(&network[0], o.model, o.mean, o.std, &err) == ESP_OK);
  ck_assert_msg(esp_network_open(&network[1], "net.esp", &err) == ESP_OK, "%s", err.text);
  ck_assert_int_gt(esp_network_input(network[1]).vocabulary, 2);
  for (int i = 0; i < 2; i++) {
    esp_predictor *p;
    ck_assert(esp_predictor_new(&p, network[i], &err) == ESP_OK);
    esp_predict(p, text, logits[i]);
    esp_predictor_free(p);
    esp_network_free(network[i]);
  }
  esp_loaded_run_free(&o);
  ck_assert(memcmp(logits[0], logits[1], sizeof *logits) == 0);
}
END_TEST

START_TEST(what_is_no_text_is_named) {
  ESPALIER("run", "texts.ini", "-o", "a", "train.epochs=0", "prune.method=none");
  ENDS(2, NULL, "' ': has no token in it; expected a text", "predict", "a", " ");
  ENDS(2, NULL, "data.length: 4, the network takes texts of 6 tokens", "eval", "a",
       "data.length=4");
  text_write("bad.tsv", "cross\tx\nno tab\n");
  ENDS(2, NULL, "bad.tsv:2: no tab in it; expected label, tab, text", "run", "texts.ini",
       "data.path=bad.tsv");
  ENDS(0, "[data] length: 80 of 80 texts have more than 3 tokens", NULL, "run", "texts.ini",
       "data.length=3", "train.epochs=0", "prune.method=none");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("texts");
  TCase *t = tcase_create("texts");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, a_text_is_read);
  tcase_add_test(t, the_vocabulary_is_the_networks);
  tcase_add_loop_test(t, what_a_reader_loses_is_gone, 0, sizeof structures / sizeof *structures);
  tcase_add_test(t, the_predictor_reads);
  tcase_add_test(t, what_is_no_text_is_named);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
