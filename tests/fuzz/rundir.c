/* What a run directory holds besides tensors and tables of the report: result.json, progress.json,
 * kernels.csv, and the position in a checkpoint. */
#include "fuzz.h"
#include "rundir/kernels_csv.h"
#include "rundir/position.h"
#include "rundir/progress_json.h"

#include <espalier/results.h>

#include <stdlib.h>
#include <string.h>

static void read_position(const uint8_t *data, size_t bytes) {
  esp__position p, again;
  esp_error err;
  char *text = fuzz_text(data, bytes), *written;
  if (esp__position_parse(&p, text, &err) == ESP_OK) {
    fuzz_need(esp__position_text(&p, &written, &err) == ESP_OK, "a position has a text");
    fuzz_need(esp__position_parse(&again, written, &err) == ESP_OK, "which parses");
    fuzz_need(again.results == p.results, "to the same");
    esp__position_free(&again);
    esp__position_free(&p);
    free(written);
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_results r;
  esp__kernels_rows rows;
  esp__heartbeat beat;
  esp_error err;
  double age;
  read_position(data, bytes);
  fuzz_put("result.json", data, bytes);
  fuzz_put("progress.json", data, bytes);
  fuzz_put("kernels.csv", data, bytes);
  if (esp_results_read(&r, fuzz_folder(), &err) == ESP_OK) esp_results_free(&r);
  if (esp__kernels_rows_read(&rows, fuzz_folder(), &err) == ESP_OK) esp__kernels_rows_free(&rows);
  (void)esp__heartbeat_read(&beat, fuzz_folder(), &age);
  return 0;
}
