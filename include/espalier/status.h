/* How functions of Espalier fail: a status as the result, and a sentence in a caller-owned
 * esp_error.
 *
 * The sentence is for a person: "file:line: what is wrong, what was expected". Nothing prints but
 * the command line (src/cli), and nothing but src/cli exits. */
#ifndef ESP_STATUS_H
#define ESP_STATUS_H

#include <espalier/linkage.h>

#include <stdarg.h>

ESP_BEGIN_DECLS

typedef enum esp_status {
  ESP_OK = 0,
  ESP_ERR_INPUT,  /* a config, file or argument from outside is wrong; the command exits with 2 */
  ESP_ERR_IO,     /* the operating system refused a read or write; exit status 2 */
  ESP_ERR_MEMORY, /* out of memory; exit status 1 */
  ESP_ERR_INTERRUPTED, /* asked to stop (SIGINT, SIGTERM); work so far is in a checkpoint */
  ESP_ERR_DIVERGED,    /* the loss is no longer finite */
  ESP_ERR_BUSY,        /* another process is at it; exit status 75, as EX_TEMPFAIL of sysexits.h */
  ESP_ERR_FAILED       /* all was done that could be, and not all is well; exit status 1 */
} esp_status;

typedef struct esp_error {
  esp_status status;
  char text[1024]; /* one line, no newline at the end */
} esp_error;

#if defined(__GNUC__)
#define ESP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define ESP_PRINTF(text, first)
#endif

/* Writes the sentence into `err` (may be NULL) and returns `status`, so that a failing function
 * ends in `return esp_fail(err, ESP_ERR_INPUT, "%s:%d: ...", ...)`. Line breaks in the text become
 * spaces. */
esp_status esp_fail(esp_error *err, esp_status status, const char *format, ...) ESP_PRINTF(3, 4);

/* Evaluates a call that returns esp_status and leaves the function on failure. */
#define ESP_TRY(call)                        \
  do {                                       \
    esp_status esp_try_ = (call);            \
    if (esp_try_ != ESP_OK) return esp_try_; \
  } while (0)

ESP_END_DECLS

#endif
