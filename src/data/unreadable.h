/* Files of a set that cannot be read: all of them are named at once, so that they can be mended at
 * once. */
#ifndef ESP_DATA_UNREADABLE_H
#define ESP_DATA_UNREADABLE_H

#include <espalier/status.h>

#include <stddef.h>

/* Begins as {0}. */
typedef struct esp__unreadable {
  int bad, named; /* files; those of them that `what` names, as many as there is room for */
  esp_error what;
} esp__unreadable;

/* Notes what reading a file has come to. Fails where memory ran out. */
esp_status esp__unreadable_note(esp__unreadable *u, esp_status status, const esp_error *why,
                                esp_error *err);
/* Fails if there are any; `noun` says of what, "pictures", and `files` how many were read. */
esp_status esp__unreadable_end(const esp__unreadable *u, const char *noun, size_t files,
                               esp_error *err);

#endif
