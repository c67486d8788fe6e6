/* Text in XML. */
#ifndef ESP_REPORT_XML_H
#define ESP_REPORT_XML_H

#include <stdio.h>

/* Prints text as the content of an element or attribute, whatever it is: what XML gives a meaning
 * is escaped, and what XML 1.0 cannot hold (control characters but tab and line breaks, bytes that
 * are not UTF-8, two code points) becomes U+FFFD. */
void esp__xml_print(FILE *out, const char *text);

#endif
