#include "cli/cli.h"
static esp_status run(int argc, char **argv, esp_error *err) {
  (void)argc, (void)argv;
  return esp_fail(err, ESP_ERR_INPUT, "x");
}
const esp_command esp_command_watch = {.name = "watch", .usage = "", .help = "", .run = run};
