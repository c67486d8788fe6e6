/* An exported network on a bare Cortex-M: prints, by semihosting, a row of the bits of the answers
 * for each example in examples.h, and behind it the instructions that it took (under QEMU's
 * -icount, to 40). */
#include "exported.h"

#include "examples.h"

#include <stdint.h>
#include <string.h>

enum { SYS_WRITE0 = 4, SYS_EXIT = 0x18, GOOD_END = 0x20026 };
enum { INSTRUCTIONS_A_TICK = 40, TICKS = 0xffffff };

/* Control, reload, current. */
static volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010;

static void semihost(uint32_t what, uint32_t argument) {
  register uint32_t r0 __asm__("r0") = what;
  register uint32_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void print_hex(uint32_t value) {
  char text[10];
  for (int i = 0; i < 8; i++) text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
  text[8] = ' ';
  text[9] = '\0';
  semihost(SYS_WRITE0, (uint32_t)text);
}

static void run_example(const given *example) {
  float answers[ANSWERS];
  systick[1] = TICKS;
  systick[2] = 0;
  systick[0] = 5; /* on, by the processor's clock */
  const uint32_t before = systick[2];
  answer(example, answers);
  const uint32_t ticks = (before - systick[2]) & TICKS;
  for (unsigned i = 0; i < ANSWERS; i++) {
    uint32_t bits;
    memcpy(&bits, &answers[i], sizeof bits);
    print_hex(bits);
  }
  print_hex(ticks * INSTRUCTIONS_A_TICK);
  semihost(SYS_WRITE0, (uint32_t) "\n");
}

__attribute__((noreturn)) void reset(void) {
#ifdef __ARM_FP
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: floating point for all */
  __asm__ volatile("dsb\n\tisb");
#endif
  for (unsigned i = 0; i < sizeof examples / sizeof *examples; i++) run_example(examples[i]);
  for (;;) semihost(SYS_EXIT, GOOD_END);
}

__attribute__((noreturn)) static void stuck(void) {
  semihost(SYS_WRITE0, (uint32_t) "fault\n");
  for (;;) semihost(SYS_EXIT, 0);
}

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t stack;
  void (*handler[15])(void);
} vectors = {0x20000000 + (4u << 20), {reset, stuck, stuck, stuck, stuck, stuck}};
