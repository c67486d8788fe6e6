#include "cli/describe.h"

void esp__option_forms(const esp__argument *o, char text[128]) {
  char letter[8] = "";
  if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  snprintf(text, 128, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
}

static void print_option(const esp__argument *o, FILE *out) {
  char forms[128];
  esp__option_forms(o, forms);
  fprintf(out, "  %-22s  %s", forms, o->help);
  if (o->type == ESP_ARGUMENT_INT) fprintf(out, " From %.0f to %.0f", o->min, o->max);
  if (o->type == ESP_ARGUMENT_REAL) fprintf(out, " From %g to %g", o->min, o->max);
  if (o->min < o->max) fputs(o->fallback ? "; " : ".", out);
  if (o->fallback) fprintf(out, "%sefault: %s.", o->min < o->max ? "d" : " D", o->fallback);
  fputc('\n', out);
}

static void print_options(const esp__command *c, FILE *out) {
  fputs("\noptions:\n", out);
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) print_option(o, out);
  fprintf(out, "  %-22s  %s\n", "-h, --help", "This help.");
  if (c->overrides)
    fprintf(out, "  %-22s  %s\n", "section.key=value",
            "Any number of them: changes keys of the configuration; "
            "'espalier help KEY' explains one.");
}

void esp__describe_command(const esp__command *c, FILE *out) {
  char piece[128];
  const char *next;
  fprintf(out, "usage:  espalier %s", c->name);
  for (int i = 0; (next = esp__usage_piece(c, i, piece)); i++) fprintf(out, " %s", next);
  fprintf(out, "\n\n%s\n\n%s", c->summary, c->description);
  print_options(c, out);
}
