#include "export/c_writer.h"

void esp__c_write_place(const esp__c_writer *w, size_t at, const char *behind) {
  fprintf(w->out, "memory + %zu%s", at, behind);
}

void esp__c_write_value(const esp__c_writer *w, int op, const char *behind) {
  esp__c_write_place(w, w->plan->place[op], behind);
}

void esp__c_begin_table(esp__c_writer *w, const char *type, const char *name, int i, size_t count,
                        size_t each) {
  fprintf(w->out, "static const %s %s%d[%zu] = {\n", type, name, i, count ? count : 1);
  w->constants += (count ? count : 1) * each;
}

void esp__c_write_doubles(esp__c_writer *w, const char *name, int count, const double *value) {
  fprintf(w->out, "static const double %s[%d] = {\n", name, count);
  for (int i = 0; i < count; i++)
    fprintf(w->out, "%a,%s", value[i], i % 4 == 3 || i + 1 == count ? "\n" : "");
  fputs("};\n", w->out);
  w->constants += (size_t)count * sizeof *value;
}
