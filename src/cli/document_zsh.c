#include "cli/commands.h"
#include "cli/document.h"

#include <stdio.h>
#include <string.h>

/* A text between single quotes, with a backslash before each of the characters that a
 * specification of _arguments or _describe reads as its own. */
static void put_quoted(const char *text) {
  for (; *text; text++) {
    if (strchr("[]:\\", *text)) putchar('\\');
    if (*text == '\'')
      fputs("'\\''", stdout);
    else
      putchar(*text);
  }
}

static const char *action(esp__word_kind kind) {
  return kind == ESP_WORD_FILE ? "_files" : kind == ESP_WORD_DIRECTORY ? "_files -/" : " ";
}

static void put_option(const esp__argument *o) {
  fputs("        ", stdout);
  if (o->letter)
    printf("'(-%c --%s)'{-%c,--%s%s}'[", o->letter, o->name, o->letter, o->name,
           o->value ? "=" : "");
  else
    printf("'--%s%s[", o->name, o->value ? "=" : "");
  put_quoted(o->help);
  putchar(']');
  if (o->value) {
    putchar(':');
    put_quoted(o->value);
    printf(":%s", action(o->kind));
  }
  puts("' \\");
}

/* The words that are no options; an override may follow the first. */
static void put_positionals(const esp__command *c) {
  const char *word;
  if (c->positional.choice) {
    fputs("        '1:name:(", stdout);
    for (size_t i = 0; (word = c->positional.choice(i)); i++)
      printf("%s%s", i > 0 ? " " : "", word);
    puts(")'");
  } else if (c->overrides) {
    printf("        '1:file:%s' '*:section.key=value:_espalier_keys'\n",
           action(c->positional.kind));
  } else {
    printf("        '*:file:%s'\n", action(c->positional.kind));
  }
}

static void put_command(const esp__command *c) {
  printf("    %s)\n      _arguments -S \\\n", c->name);
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) put_option(o);
  puts("        '(-h --help)'{-h,--help}'[the usage and the options]' \\");
  put_positionals(c);
  puts("      ;;");
}

static void put_key(const char *section, const esp_option *o) {
  printf(" %s.%s=", section, o->name);
}

static void put_values(const char *section, const esp_option *o) {
  const char *value;
  if (!esp__key_value(o, 0)) return;
  printf("    %s.%s) compadd --", section, o->name);
  for (size_t i = 0; (value = esp__key_value(o, i)); i++) printf(" %s", value);
  puts(" ;;");
}

static void put_keys(void) {
  puts(
      "_espalier_keys() {\n"
      "  if [[ $PREFIX != *=* ]]; then");
  fputs("    compadd -S '' --", stdout);
  esp__each_key(put_key);
  puts(
      "\n    return\n"
      "  fi\n"
      "  local key=${PREFIX%%=*}\n"
      "  compset -P 1 '*='\n"
      "  case $key in");
  esp__each_key(put_values);
  puts("    *) _files ;;\n  esac\n}\n");
}

static void put_names(void) {
  const esp__command *c;
  puts("  local -a commands=(");
  for (size_t i = 0; (c = esp__command_at(i)); i++) {
    printf("    '%s:", c->name);
    put_quoted(c->summary);
    puts("'");
  }
  puts("  )");
}

void esp__document_zsh(void) {
  const esp__command *c;
  puts("#compdef espalier\n# Completes the command espalier in zsh.\n");
  put_keys();
  puts("_espalier() {");
  put_names();
  puts(
      "  if ((CURRENT == 2)); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case $words[1] in");
  for (size_t i = 0; (c = esp__command_at(i)); i++) put_command(c);
  puts("  esac\n}\n\n_espalier \"$@\"");
}
