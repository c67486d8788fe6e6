/* The figures of a paper, read and compared with a run. */
#include "fuzz.h"

#include <espalier/paper.h>

#include <string.h>

static void ask(const esp_paper *p) {
  static esp_config run;
  esp_error err;
  if (!run.run.name)
    fuzz_need(
        esp_config_parse(&run, "run.ini", "[data]\ndataset = shapes\n", 0, NULL, &err) == ESP_OK,
        "a run");
  for (int row = 0; row < p->table.rows; row++) {
    (void)esp_paper_figure(p, row);
    (void)esp_paper_about(p, row, &run);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_paper p;
  esp_error err;
  if (esp_paper_open(&p, fuzz_file(data, bytes), &err) != ESP_OK) return 0;
  ask(&p);
  esp_paper_free(&p);
  return 0;
}
