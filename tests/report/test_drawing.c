/* A network drawn from its text: rows, boxes, and what is left of each layer. */
#include "report/drawing.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char layers_csv[] = "round,layer\n0,conv1\n0,gate1\n0,conv2\n0,linear1\n";
static const char network[] =
    "conv 2 1x1\nbn\nrelu\ngate 0.5\nresidual\n  conv 2 1x1\nend\nrelu\nflatten\nlinear classes\n";

/* Of conv2 one channel is gone, of linear1 a weight. */
static const float conv1[] = {1, 2}, gate1[] = {1, 1}, conv2[] = {0, 0, 3, 0},
                   linear1[] = {1, 2, 3, 0};

static char *draw(const char *text, esp_status expected, const char *title) {
  char path[] = "/tmp/espalier-layers-XXXXXX", *svg = NULL;
  esp_bundle b = {0};
  esp_csv layers;
  esp_error err = {0};
  const int file = mkstemp(path);
  ck_assert(file >= 0 && write(file, layers_csv, strlen(layers_csv)) > 0 && close(file) == 0);
  ck_assert_int_eq(esp_csv_read(&layers, path, &err), ESP_OK);
  unlink(path);
  esp_bundle_add(&b, "conv1.weight", ESP_F32, 4, (int64_t[]){2, 1, 1, 1}, conv1, &err);
  esp_bundle_add(&b, "gate1.weight", ESP_F32, 2, (int64_t[]){2, 1}, gate1, &err);
  esp_bundle_add(&b, "conv2.weight", ESP_F32, 4, (int64_t[]){2, 2, 1, 1}, conv2, &err);
  esp_bundle_add(&b, "linear1.weight", ESP_F32, 2, (int64_t[]){2, 2}, linear1, &err);
  esp_bundle_add_text(&b, "espalier.classes", "yes\nno\n", &err);
  if (text) esp_bundle_add_text(&b, "espalier.layers", text, &err);
  ck_assert_msg(esp__drawing_make(&b, &layers, title, &svg, &err) == expected, "%s", err.text);
  esp_csv_free(&layers);
  esp_bundle_free(&b);
  return svg;
}

static void has(const char *svg, const char *text) {
  ck_assert_msg(strstr(svg, text) != NULL, "no '%s' in\n%s", text, svg);
}

START_TEST(what_is_left_of_each_layer) {
  char *svg = draw(network, ESP_OK, "a");
  has(svg, ">conv 2 1x1 \xC2\xB7 bn \xC2\xB7 relu \xC2\xB7 gate 0.5<");
  has(svg, ">2<");            /* conv1: all of it */
  has(svg, ">1 of 2, 25 %<"); /* conv2, past the gate */
  has(svg, ">2 of 2, 75 %<"); /* linear1 */
  has(svg, ">residual<");
  has(svg, ">add \xC2\xB7 relu<");
  has(svg, ">flatten<"); /* outside of the box */
  has(svg, "<path ");
  free(svg);
}
END_TEST

START_TEST(titles_are_text) {
  char *svg = draw(network, ESP_OK, "</title><script>]]>\033");
  has(svg, "<title>&lt;/title&gt;&lt;script&gt;]]&gt;\xEF\xBF\xBD</title>");
  free(svg);
}
END_TEST

/* A file of another program, or damaged, has no drawing. */
START_TEST(no_network) {
  draw(NULL, ESP_ERR_INPUT, "a");
  draw("conv 2\n", ESP_ERR_INPUT, "a");
  free(draw("group\n  group\n  end\nend\n", ESP_OK, "a"));           /* of no layers */
  free(draw("linear classes\nlinear 3\nconv 1 1x1\n", ESP_OK, "a")); /* of other layers */
}
END_TEST

int main(void) {
  Suite *suite = suite_create("drawing");
  TCase *c = tcase_create("drawing");
  tcase_add_test(c, what_is_left_of_each_layer);
  tcase_add_test(c, titles_are_text);
  tcase_add_test(c, no_network);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
