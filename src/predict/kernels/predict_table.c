/* The table of the kernels for one image, for one instruction set. */
#include "predict/kernels/predict_kernels.h"

#define ESP_TEXT_(x) #x
#define ESP_TEXT(x) ESP_TEXT_(x)

#if ESP_VECTOR == 16
extern const esp__predict_kernels esp__predict_kernels_avx2;
#define HALF &esp__predict_kernels_avx2
#else
#define HALF NULL
#endif

extern const esp__predict_kernels ESP_ISA_NAME(esp__predict_kernels);
const esp__predict_kernels ESP_ISA_NAME(esp__predict_kernels) = {
    .isa = ESP_TEXT(ESP_ISA),
    .vector = ESP_VECTOR,
    .half = HALF,
#define K(member, type, function) .member = ESP_ISA_NAME(function),
    ESP_PREDICT_KERNELS(K)
#undef K
        .winograd_input = ESP_ISA_NAME(esp__winograd_input)};
