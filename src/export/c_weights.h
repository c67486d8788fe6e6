/* Weights as an exported program keeps them: those that are not 0, in the order in which they are
 * multiplied, with steps between them (src/export/runtime/weights.c reads them). Floats take 4
 * bytes each, integers one. */
#ifndef ESP_EXPORT_C_WEIGHTS_H
#define ESP_EXPORT_C_WEIGHTS_H

#include <espalier/param.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>

enum { ESP_C_STEP_MORE = 254, ESP_C_STEP_END = 255, ESP_C_CODES_MAX = 256 };

typedef struct esp__c_weights {
  unsigned char *step; /* [steps] NULL: all weights are kept, also those that are 0 */
  size_t steps;
  float *value; /* [values] in order; with codes a table, ascending */
  size_t values;
  unsigned char *code; /* [codes] numbers of table entries; NULL: there is no table */
  size_t codes;
} esp__c_weights;

/* Chooses what takes the fewest bytes: steps or all, values or a table of at most 256. Integers are
 * within [-127, 127], and get no table. */
esp_status esp__c_weights_make(esp__c_weights *w, const esp_param *p, bool integers,
                               esp_error *err);
void esp__c_weights_free(esp__c_weights *w);

#endif
