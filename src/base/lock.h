/* Directories that one process at a time works in. */
#ifndef ESP_BASE_LOCK_H
#define ESP_BASE_LOCK_H

#include <espalier/status.h>

#include <stdbool.h>

#define ESP_LOCK_FILE "lock"

/* A lock on the file ESP_LOCK_FILE in a directory, which is made, and stays. The system lets go of
 * it when the process ends, however it does. Begins as {0}. */
typedef struct esp__lock {
  bool held;
  bool guards; /* whether it holds others off: not on a file system that knows no locks */
  int file;
} esp__lock;

/* Takes it. Where another has it: waits, or fails with ESP_ERR_BUSY. On a file system that knows no
 * locks (flock(2)) it is held but does not guard. */
esp_status esp__lock_take(esp__lock *lock, const char *dir, bool wait, esp_error *err);
void esp__lock_drop(esp__lock *lock);
/* Whether another has it now. */
bool esp__lock_taken(const char *dir);
/* Whether it is known that nobody has it: not without the file, nor on a file system that knows no
 * locks. */
bool esp__lock_left(const char *dir);

#endif
