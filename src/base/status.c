#include <espalier/status.h>

#include "base/shown.h"

#include <stdio.h>
#include <string.h>

esp_status esp_fail(esp_error *err, esp_status status, const char *format, ...) {
  if (err) {
    va_list args;
    char text[sizeof err->text];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
      if (strchr("\t\r\n", *c)) *c = ' ';
    esp__escape(text, "", err->text, sizeof err->text);
    err->status = status;
  }
  return status;
}
