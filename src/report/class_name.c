#include "report/class_name.h"

#include <stdio.h>

void esp__class_name(const esp__run_record *r, int c, char text[64]) {
  const cJSON *name = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(r->result, "classes"), c);
  if (cJSON_IsString(name))
    snprintf(text, 64, "%s", name->valuestring);
  else
    snprintf(text, 64, "%d", c);
}
