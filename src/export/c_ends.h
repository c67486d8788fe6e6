/* Where a program meets the rest: what it is given, and what it returns. */
#ifndef ESP_EXPORT_C_ENDS_H
#define ESP_EXPORT_C_ENDS_H

#include "export/c_writer.h"

/* Numbers that a program returns, and what they are called. */
size_t esp__c_answers(const esp__c_writer *w);
const char *esp__c_answers_word(const esp__c_writer *w);

/* For the header: sizes, what classes or targets are called, how to use the function (a comment
 * that is not closed), and its declaration, without the semicolon. */
void esp__c_write_sizes(const esp__c_writer *w, FILE *out);
void esp__c_write_names(const esp__c_writer *w, FILE *out);
void esp__c_write_usage(const esp__c_writer *w, FILE *out);
void esp__c_write_signature(const esp__c_writer *w, FILE *out);

/* For the source: names and numbers, the pieces of the runtime that are needed, and calls. */
void esp__c_define_names(esp__c_writer *w);
void esp__c_write_ends(esp__c_writer *w);
esp__c_pieces esp__c_input_pieces(const esp__network *n);
esp__c_pieces esp__c_answer_pieces(const esp__network *n);
void esp__c_call_input(const esp__c_writer *w, const esp__c_step *s);
void esp__c_write_answers(const esp__c_writer *w);

#endif
