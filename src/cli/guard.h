/* A process that is killed cannot say so, and its launcher kills the others before they could. So a
 * process of a shared run is the child of a guard, which only waits, and says it. */
#ifndef ESP_CLI_GUARD_H
#define ESP_CLI_GUARD_H

/* Returns in the child; the guard ends when the child does, with its status. Where the child was
 * killed it writes one line to stderr, with its rank, and ends by the same signal. A signal that
 * asks to stop is handed on as SIGUSR1, a second one kills the child. The child ends with its
 * guard. To be called before there are threads. Without a second process it goes on as it is. */
void esp__cli_guard(int rank, int count);

/* Writes the last line of a process that a launcher started, and waits a moment: a launcher that
 * sees the end before it has read the line may drop the line. */
void esp__cli_say_last(const char *why);

#endif
