#include "cli/commands.h"
#include "cli/document.h"

#include <stdio.h>

/* A text in single quotes. */
static void put_quoted(const char *text) {
  putchar('\'');
  for (; *text; text++) {
    if (*text == '\'' || *text == '\\') putchar('\\');
    putchar(*text);
  }
  putchar('\'');
}

static void put_begin(const esp__command *c) {
  printf("complete -c espalier -n '__fish_seen_subcommand_from %s'", c->name);
}

static void put_option(const esp__command *c, const esp__argument *o) {
  put_begin(c);
  if (o->letter) printf(" -s %c", o->letter);
  printf(" -l %s", o->name);
  if (o->value) fputs(o->kind == ESP_WORD_OTHER ? " -x" : " -r -F", stdout);
  fputs(" -d ", stdout);
  put_quoted(o->help);
  putchar('\n');
}

static void put_command(const esp__command *c) {
  const char *word;
  fputs("complete -c espalier -n __fish_use_subcommand -f -a ", stdout);
  printf("%s -d ", c->name);
  put_quoted(c->summary);
  putchar('\n');
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) put_option(c, o);
  if (c->overrides) {
    put_begin(c);
    puts(" -a '(__espalier_keys)'");
  }
  if (!c->positional.choice) return;
  put_begin(c);
  fputs(" -f -a '", stdout);
  for (size_t i = 0; (word = c->positional.choice(i)); i++) printf("%s%s", i > 0 ? " " : "", word);
  puts("'");
}

static void put_key(const char *section, const esp_option *o) {
  printf(" %s.%s=", section, o->name);
}

static void put_values(const char *section, const esp_option *o) {
  const char *value;
  if (!esp__key_value(o, 0)) return;
  printf("    case '%s.%s=*'\n      printf '%%s\\n' %s.%s=", section, o->name, section, o->name);
  putchar('{');
  for (size_t i = 0; (value = esp__key_value(o, i)); i++) printf("%s'%s'", i > 0 ? "," : "", value);
  puts("}");
}

void esp__document_fish(void) {
  const esp__command *c;
  puts(
      "# Completes the command espalier in fish.\n"
      "function __espalier_keys\n"
      "  switch (commandline -ct)");
  esp__each_key(put_values);
  fputs("    case '*.*'\n      printf '%s\\n'", stdout);
  esp__each_key(put_key);
  puts(
      "\n  end\n"
      "end\n\n"
      "complete -c espalier -f -s h -l help -d 'the usage and the options'\n"
      "complete -c espalier -n __fish_use_subcommand -f -s V -l version -d 'the version'");
  for (size_t i = 0; (c = esp__command_at(i)); i++) put_command(c);
}
