#include <espalier/status.h>

#include <stdio.h>

esp_status esp_fail(esp_error *err, esp_status status, const char *format, ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    for (char *c = err->text; *c; c++)
      if ((unsigned char)*c < ' ') *c = ' ';
    err->status = status;
  }
  return status;
}
