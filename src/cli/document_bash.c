#include "cli/commands.h"
#include "cli/document.h"

#include <stdio.h>

/* ---- the lists ---- */

static void put_key(const char *section, const esp_option *o) {
  printf(" %s.%s=", section, o->name);
}

static void put_values(const char *section, const esp_option *o) {
  const char *value;
  if (!esp__key_value(o, 0)) return;
  printf("    %s.%s) echo \"", section, o->name);
  for (size_t i = 0; (value = esp__key_value(o, i)); i++) printf("%s%s", i > 0 ? " " : "", value);
  puts("\" ;;");
}

/* What follows the option: `files`, `directories` or `nothing` that could be listed. */
static const char *list_of(esp__word_kind kind) {
  return kind == ESP_WORD_FILE ? "files" : kind == ESP_WORD_DIRECTORY ? "directories" : "nothing";
}

static void put_operands(const esp__command *c) {
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) {
    if (!o->value) continue;
    printf("    %s:--%s", c->name, o->name);
    if (o->letter) printf(" | %s:-%c", c->name, o->letter);
    printf(") echo %s ;;\n", list_of(o->kind));
  }
}

static void put_options(const esp__command *c) {
  printf("    %s) echo \"", c->name);
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) {
    if (o->letter) printf("-%c ", o->letter);
    printf("--%s ", o->name);
  }
  puts("-h --help\" ;;");
}

static void put_positionals(const esp__command *c) {
  const char *word;
  if (!c->positional.choice) {
    printf("    %s) echo %s%s ;;\n", c->name, list_of(c->positional.kind),
           c->overrides ? " keys" : "");
    return;
  }
  printf("    %s) echo words", c->name);
  for (size_t i = 0; (word = c->positional.choice(i)); i++) printf(" %s", word);
  puts(" ;;");
}

static void put_case(const char *function, const char *of, void (*put)(const esp__command *c)) {
  const esp__command *c;
  printf("%s() {\n  case $1 in # %s\n", function, of);
  for (size_t i = 0; (c = esp__command_at(i)); i++) put(c);
  puts("  esac\n}\n");
}

/* ---- the script ---- */

static const char script[] =
    "# Offers the words of a list that begin with the word at the cursor.\n"
    "_espalier_words() {\n"
    "  mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
    "}\n"
    "\n"
    "# The word begins section.key=: the values of the key. Where = parts words, only what is\n"
    "# behind it is replaced.\n"
    "_espalier_value() {\n"
    "  local key=${1%%=*} value=${1#*=}\n"
    "  _espalier_words \"$(_espalier_values \"$key\")\" \"$value\"\n"
    "  [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=(\"${COMPREPLY[@]/#/$key=}\")\n"
    "}\n"
    "\n"
    "_espalier_files() {\n"
    "  compopt -o filenames 2>/dev/null\n"
    "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
    "}\n"
    "\n"
    "# Lists are named by what can stand there: files, directories, keys, words A B ...\n"
    "_espalier_list() {\n"
    "  local current=$1\n"
    "  shift\n"
    "  case $1:${2-}:$current in\n"
    "    words:*) _espalier_words \"${*:2}\" \"$current\" ;;\n"
    "    *:keys:*.*=*) _espalier_value \"$current\" ;;\n"
    "    *:keys:?*)\n"
    "      _espalier_words \"$_espalier_keys\" \"$current\"\n"
    "      if ((${#COMPREPLY[@]} > 0)); then compopt -o nospace 2>/dev/null; return; fi\n"
    "      _espalier_files -f \"$current\" ;;\n"
    "    files:*) _espalier_files -f \"$current\" ;;\n"
    "    directories:*) _espalier_files -d \"$current\" ;;\n"
    "  esac\n"
    "}\n"
    "\n"
    "_espalier() {\n"
    "  local line=${COMP_LINE:0:COMP_POINT} current operand\n"
    "  local -a words\n"
    "  COMPREPLY=()\n"
    "  read -ra words <<<\"$line\"\n"
    "  [[ $line == *[[:space:]] ]] && words+=('')\n"
    "  current=${words[-1]}\n"
    "  if ((${#words[@]} <= 2)); then\n"
    "    _espalier_words \"$_espalier_commands --help --version\" \"$current\"\n"
    "    return\n"
    "  fi\n"
    "  operand=$(_espalier_operand \"${words[1]}:${words[-2]}\")\n"
    "  # shellcheck disable=SC2046 # a list of words\n"
    "  if [[ $operand ]]; then\n"
    "    _espalier_list \"$current\" \"$operand\"\n"
    "  elif [[ $current == -* ]]; then\n"
    "    _espalier_words \"$(_espalier_options \"${words[1]}\")\" \"$current\"\n"
    "  else\n"
    "    _espalier_list \"$current\" $(_espalier_positionals \"${words[1]}\")\n"
    "  fi\n"
    "}\n"
    "\n"
    "complete -F _espalier espalier";

void esp__document_bash(void) {
  const char *name;
  puts("# Completes the command espalier in bash.");
  fputs("_espalier_commands=\"", stdout);
  for (size_t i = 0; (name = esp__command_name(i)); i++) printf("%s%s", i > 0 ? " " : "", name);
  fputs("\"\n_espalier_keys=\"", stdout);
  esp__each_key(put_key);
  puts("\"\n");
  puts("_espalier_values() {\n  case $1 in # section.key");
  esp__each_key(put_values);
  puts("  esac\n}\n");
  put_case("_espalier_operand", "command:option", put_operands);
  put_case("_espalier_options", "command", put_options);
  put_case("_espalier_positionals", "command", put_positionals);
  puts(script);
}
