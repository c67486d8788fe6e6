/* The table of the kernels of integers, for one instruction set. */
#include "predict/kernels/integer_finish.h"

#define ESP_TEXT_(x) #x
#define ESP_TEXT(x) ESP_TEXT_(x)

extern const esp__integer_kernels ESP_ISA_NAME(esp__integer_kernels);
const esp__integer_kernels ESP_ISA_NAME(esp__integer_kernels) = {.isa = ESP_TEXT(ESP_ISA),
                                                                 .offset = ESP_OFFSET,
#define K(member, type, function) .member = ESP_ISA_NAME(function),
                                                                 ESP_INTEGER_KERNELS(K)
#undef K
};
