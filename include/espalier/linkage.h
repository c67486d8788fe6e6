/* The declarations of every public header stand between these two, so that C++ finds the functions
 * of C. */
#ifndef ESP_LINKAGE_H
#define ESP_LINKAGE_H

#ifdef __cplusplus
#define ESP_BEGIN_DECLS extern "C" {
#define ESP_END_DECLS }
#else
#define ESP_BEGIN_DECLS
#define ESP_END_DECLS
#endif

#endif
