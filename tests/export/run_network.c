/* Runs an exported network on what it is given and prints the bits of its answers, a row each. It
 * is compiled together with the network, as exported.h says.
 *
 * usage: run_network < EXAMPLES > ANSWERS */
#include "exported.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  static given example[GIVEN];
  static float answers[ANSWERS];
  while (fread(example, sizeof example, 1, stdin) == 1) {
    answer(example, answers);
    for (int i = 0; i < ANSWERS; i++) {
      uint32_t bits;
      memcpy(&bits, &answers[i], sizeof bits);
      printf("%08" PRIx32 "%c", bits, i + 1 < ANSWERS ? ' ' : '\n');
    }
  }
  return 0;
}
