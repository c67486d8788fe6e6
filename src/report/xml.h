/* Text in XML. */
#ifndef ESP_REPORT_XML_H
#define ESP_REPORT_XML_H

#include <stddef.h>
#include <stdio.h>

/* Bytes of the character that the text begins with; 0 where XML 1.0 cannot hold it: control
 * characters but tab and line breaks, bytes that are not UTF-8, two code points. */
size_t esp__xml_character(const char *text);
#define ESP_XML_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD, which stands for those */

/* Prints text as the content of an element or attribute, whatever it is: what XML gives a meaning
 * is escaped, and what it cannot hold is replaced. */
void esp__xml_print(FILE *out, const char *text);

#endif
