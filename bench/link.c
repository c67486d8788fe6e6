/* A network of two hosts: carries packets between TUN devices in two network namespaces, with the
 * delay and the bandwidth of a link. For kernels whose queues cannot delay.
 *
 * Usage: link NAMESPACE NAMESPACE MICROSECONDS MBIT Makes a device `wire` in each namespace, which
 * has to be given an address; writes "ready", and ends when killed. A packet waits until those
 * before it have left, at MBIT per second, and arrives MICROSECONDS later. What waits for more than
 * a tenth of a second is dropped, as a switch would. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MOST = 1 << 14, PACKETS = 1 << 11, WAIT_MOST = 100000000 };

/* One direction: a ring of packets that are on their way. */
typedef struct way {
  int from, to; /* descriptors */
  int64_t free; /* when the last packet has left; nanoseconds */
  unsigned first, end;
  struct {
    int64_t due;
    int bytes;
    char *data;
  } packet[PACKETS];
} way;

static void fail(const char *what) {
  fprintf(stderr, "link: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_device(const char *name) {
  char path[256];
  struct ifreq device = {.ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI};
  snprintf(path, sizeof path, "/run/netns/%s", name);
  const int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail("enter a network namespace");
  close(space);
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0 || ioctl(tun, TUNSETIFF, &device) != 0) fail("make a TUN device");
  return tun;
}

/* Takes what has come. */
static void take(way *w, int64_t delay, double nanoseconds_a_byte) {
  while (w->end - w->first < PACKETS) {
    const unsigned i = w->end % PACKETS;
    const ssize_t bytes = read(w->from, w->packet[i].data, PACKET_MOST);
    if (bytes <= 0) return;
    const int64_t t = now(), start = w->free > t ? w->free : t;
    if (start - t > WAIT_MOST) continue;
    w->free = start + (int64_t)((double)bytes * nanoseconds_a_byte);
    w->packet[i].due = w->free + delay;
    w->packet[i].bytes = (int)bytes;
    w->end++;
  }
}

/* Hands over what is due; a device that is down takes nothing. */
static void give(way *w) {
  for (; w->first != w->end && w->packet[w->first % PACKETS].due <= now(); w->first++)
    if (write(w->to, w->packet[w->first % PACKETS].data,
              (size_t)w->packet[w->first % PACKETS].bytes) < 0)
      continue;
}

static int64_t next_due(const way *w) {
  return w->first == w->end ? INT64_MAX : w->packet[w->first % PACKETS].due;
}

static void rest(const way w[2]) {
  struct pollfd ready[2] = {{.fd = w[0].from, .events = POLLIN},
                            {.fd = w[1].from, .events = POLLIN}};
  const int64_t a = next_due(&w[0]), b = next_due(&w[1]), due = a < b ? a : b, left = due - now();
  const struct timespec until = {left / 1000000000, left % 1000000000};
  if (left > 0) ppoll(ready, 2, due == INT64_MAX ? NULL : &until, NULL);
}

/* It must not wait for those that compute; where it may not have this, it does. */
static void come_first(void) {
  const struct sched_param urgent = {.sched_priority = 50};
  if (sched_setscheduler(0, SCHED_FIFO, &urgent) != 0)
    fprintf(stderr, "link: without priority: %s\n", strerror(errno));
}

int main(int argc, char **argv) {
  static way w[2];
  if (argc != 5) {
    fprintf(stderr, "usage: link NAMESPACE NAMESPACE MICROSECONDS MBIT\n");
    return 2;
  }
  const int64_t delay = (int64_t)(1000.0 * atof(argv[3]));
  w[0].from = w[1].to = open_device(argv[1]);
  w[1].from = w[0].to = open_device(argv[2]);
  for (int i = 0; i < 2 * PACKETS; i++)
    if (!(w[i / PACKETS].packet[i % PACKETS].data = malloc(PACKET_MOST))) fail("get memory");
  come_first();
  puts("ready");
  fflush(stdout);
  for (;;) {
    for (int i = 0; i < 2; i++) take(&w[i], delay, 8000.0 / atof(argv[4]));
    for (int i = 0; i < 2; i++) give(&w[i]);
    rest(w);
  }
}
