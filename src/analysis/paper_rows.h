/* What rows of a paper are about, key by key. Internal to src/analysis. */
#ifndef ESP_ANALYSIS_PAPER_ROWS_H
#define ESP_ANALYSIS_PAPER_ROWS_H

#include <espalier/paper.h>

/* Whether the key says which network or data. */
bool esp__paper_of_network(const char *key);
/* The first key of the row that is another one in the run: among those of network and data, or
 * among all others (retrain_share is one). NULL: there is none. */
const char *esp__paper_mismatch(const esp_paper *p, int row, const esp_config *run, bool network);
/* Before its first round a run with a regulariser has no dense network of a row that names none. */
bool esp__paper_pulls_alike(const esp_paper *p, int row, const esp_config *run);
/* Whether two rows have one network and data. */
bool esp__paper_same_network(const esp_paper *p, int a, int b);
/* The cell of the column; "" where it says nothing. */
const char *esp__paper_test_labels(const esp_paper *p, int row);

#endif
