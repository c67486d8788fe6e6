/* Runs a program to its end, or to the moment it is to be stopped, and keeps what it prints. */
#ifndef ESP_TESTS_CLI_PROCESS_H
#define ESP_TESTS_CLI_PROCESS_H

typedef struct process_options {
  const char *const
      *environment;  /* "NAME=value" on top of ours, NULL after the last; NULL = none */
  int signal;        /* sent to it, 0 = none, ... */
  const char *begun; /* ... once this file is there (NULL = at once) ... */
  double after;      /* ... and so many seconds have passed */
  long file_limit;   /* bytes that a file it writes may have, beyond that writing fails; 0 = any */
} process_options;

typedef struct process {
  int status; /* exit status, -1 when a signal ended it */
  int signal; /* that signal, or 0 */
  char *out, *err;
} process;

/* argument[0] is the program's path; NULL after the last. A program that takes minutes is killed. A
 * failure to start one ends this program. */
process process_run(const char *const *argument, const process_options *options);
void process_free(process *p);

/* A clock. */
double process_seconds(void);

#endif
