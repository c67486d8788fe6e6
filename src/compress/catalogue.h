/* The built-in steps by their names in C. */
#ifndef ESP_COMPRESS_CATALOGUE_H
#define ESP_COMPRESS_CATALOGUE_H

#include <espalier/compress.h>

#define ENTRY(name, file) extern const esp_compress_step esp__compress_step_##name;
#include "compress/catalogue.list"
#undef ENTRY

#endif
