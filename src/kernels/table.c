/* Compiled once per instruction set: the table of its kernels. */
#include "kernels/kernels.h"

#define ESP_TEXT_(x) #x
#define ESP_TEXT(x) ESP_TEXT_(x)

extern const esp__kernels ESP_ISA_NAME(esp__kernels);
const esp__kernels ESP_ISA_NAME(esp__kernels) = {.isa = ESP_TEXT(ESP_ISA),
#define K(member, type, function) .member = ESP_ISA_NAME(function),
                                                 ESP_KERNELS(K)
#undef K
};
