/* The subcommands, a file each. The only place that prints to a person or exits. */
#ifndef ESP_CLI_H
#define ESP_CLI_H

#include <espalier/status.h>

/* argc and argv begin behind the subcommand's name. */
typedef struct esp_command {
  const char *name, *usage, *help;
  const char *details; /* what --help says besides, lines; NULL = nothing */
  esp_status (*run)(int argc, char **argv, esp_error *err);
} esp_command;

extern const esp_command esp_command_run, esp_command_resume, esp_command_sweep, esp_command_compare,
    esp_command_watch, esp_command_eval, esp_command_predict, esp_command_inspect, esp_command_list,
    esp_command_help;

#endif
