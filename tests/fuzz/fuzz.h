/* What the harnesses share: a harness is a file that gives one parser whatever libFuzzer makes up.
 * Nothing is expected but an esp_status, in little memory and time, and no finding of the
 * sanitizers. */
#ifndef ESP_TESTS_FUZZ_FUZZ_H
#define ESP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Ends the program unless the condition holds: that is a finding. */
void fuzz_need(int condition, const char *what);
/* The path of a file in memory with this content, valid until the next call. */
const char *fuzz_file(const uint8_t *data, size_t bytes);
/* A folder in memory, the same at each call, and a file in it with this content. */
const char *fuzz_folder(void);
void fuzz_put(const char *name, const void *data, size_t bytes);
/* The content as a string, cut at a NUL; to be freed. */
char *fuzz_text(const uint8_t *data, size_t bytes);

#endif
