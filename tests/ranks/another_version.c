/* src/ranks/agree.c of a version that there never was. */
#include <espalier/version.h>

#undef ESP_VERSION
#define ESP_VERSION "0.0.1"
#include "ranks/agree.c"
