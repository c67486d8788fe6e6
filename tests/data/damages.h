/* Data sets of which one file is damaged, and what is then wrong with them. */
#ifndef ESP_TESTS_DATA_DAMAGES_H
#define ESP_TESTS_DATA_DAMAGES_H

#include <stddef.h>

typedef struct damage {
  const char *dataset, *file; /* its kind; the file that is damaged */
  const char *expected;       /* in the message, besides the file's name */
} damage;

/* NULL after the last. */
const damage *damage_at(size_t i);
/* Makes the data set in `folder` and damages it. */
void damage_make(size_t i, const char *folder);

#endif
