/* A text as a sequence of tokens. */
#ifndef ESP_DATA_TOKENS_H
#define ESP_DATA_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* What tokens are; the words of data.tokens are in this order. */
typedef enum esp__token_kind {
  ESP_TOKEN_CHARACTERS, /* each character (code point), and the space between two words */
  ESP_TOKEN_WORDS,      /* what stands between spaces, without punctuation; each mark of ASCII's */
  ESP_TOKEN_KINDS
} esp__token_kind;

/* The kind of that name. */
esp__token_kind esp__token_kind_of(const char *name);

typedef struct esp__token {
  const char *text; /* not ended by a NUL */
  size_t bytes;
} esp__token;

/* Makes one space of each run of white space (of ASCII) and none of what is at the ends, in place.
 * Returns the length in bytes: 0 when the text has no token. */
size_t esp__text_tidy(char *text);
/* The next token of tidy UTF-8 text, from *at, which moves behind it. False at the text's end. */
bool esp__token_next(esp__token_kind kind, const char **at, esp__token *token);

#endif
