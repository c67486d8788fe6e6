/* Without MPI there is one process. */
#include "ranks/ranks.h"

esp_status esp_ranks_join(esp_ranks **ranks, esp_ranks_lost *lost, esp_error *err) {
  int rank;
  const int launched = esp_ranks_launched(&rank);
  (void)lost;
  *ranks = NULL;
  if (launched == 1) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "started as %d processes, but built without MPI; expected one process, or a "
                  "build with -Dmpi=enabled",
                  launched);
}

void esp_ranks_leave(esp_ranks *ranks) {
  (void)ranks;
}
void esp_ranks_abort(esp_ranks *ranks, int status) {
  (void)ranks;
  (void)status;
}
int esp_ranks_rank(const esp_ranks *ranks) {
  (void)ranks;
  return 0;
}
int esp_ranks_count(const esp_ranks *ranks) {
  (void)ranks;
  return 1;
}
uint64_t esp_ranks_sent(const esp_ranks *ranks) {
  (void)ranks;
  return 0;
}

/* ---- never called, since there is nobody to talk to ---- */

void esp__ranks_gather(esp_ranks *r, const void *own, const int *bytes, void *all) {
  (void)r, (void)own, (void)bytes, (void)all;
}
void esp__ranks_add(esp_ranks *r, int64_t *sum, int count) {
  (void)r, (void)sum, (void)count;
}
void esp__ranks_least(esp_ranks *r, int64_t *value) {
  (void)r, (void)value;
}
void esp__ranks_meet(esp_ranks *r) {
  (void)r;
}
void esp__ranks_give_up(esp_ranks *r, const char *why) {
  (void)r, (void)why;
}
size_t esp__mail_bytes(int most) {
  (void)most;
  return 0;
}
void esp__mail_send(esp_ranks *r, esp__mail *m, int to, int tag, const void *data, int bytes) {
  (void)r, (void)m, (void)to, (void)tag, (void)data, (void)bytes;
}
void esp__mail_receive(esp_ranks *r, esp__mail *m, int from, int tag, void *data, int bytes) {
  (void)r, (void)m, (void)from, (void)tag, (void)data, (void)bytes;
}
bool esp__mail_done(esp_ranks *r, esp__mail *m) {
  (void)r, (void)m;
  return true;
}
void esp__ranks_set_patience(esp_ranks *r, double seconds) {
  (void)r, (void)seconds;
}
void esp__ranks_wait(esp_ranks *r, esp__waiting *w) {
  (void)r, (void)w;
}
