/* The layer language explained to a person. */
#include "nn/layers.h"

static const char rules[] =
    "\n"
    "    A line is a layer: a word, then its arguments. CAPITALS stand for numbers, KxL for a "
    "kernel of K rows and L columns such as 3x3, N|NxM for one number or one for rows and one for "
    "columns, NAME for a name of one's own. What stands in [brackets] may be left out, "
    "of a|b one is written. The word `classes` can stand for CHANNELS. A block goes from group, "
    "residual, concat, product or repeat up to its `end`. The lines:\n";

static const char examples[] =
    "\n"
    "    A small network without batch normalisation:\n"
    "\n"
    "    [model]\n"
    "    arch = custom\n"
    "    layers =\n"
    "      conv 8 5x5\n"
    "      relu\n"
    "      maxpool 2\n"
    "      flatten\n"
    "      linear 32\n"
    "      relu\n"
    "      linear classes\n"
    "\n"
    "    Two residual blocks, the second with half of the pixels:\n"
    "\n"
    "    [model]\n"
    "    arch = custom\n"
    "    layers =\n"
    "      conv 16 3x3\n"
    "      bn\n"
    "      relu\n"
    "      residual\n"
    "        conv 16 3x3\n"
    "        bn\n"
    "        relu\n"
    "        conv 16 3x3\n"
    "        bn\n"
    "      end\n"
    "      relu\n"
    "      residual\n"
    "        conv 32 3x3 stride 2\n"
    "        bn\n"
    "        relu\n"
    "        conv 32 3x3\n"
    "        bn\n"
    "      shortcut\n"
    "        conv 32 1x1 stride 2\n"
    "        bn\n"
    "      end\n"
    "      relu\n"
    "      global_avgpool\n"
    "      flatten\n"
    "      linear classes\n";

void esp__layer_language_explain(FILE *out) {
  const char *keyword;
  fputs(rules, out);
  for (size_t i = 0; (keyword = esp_layer_keyword(i)); i++) {
    const char *arguments = esp_layer_arguments(i);
    fprintf(out, "      %s%s%s\n", keyword, *arguments ? " " : "", arguments);
  }
  fputs("    'espalier list layers' says what each does.\n", out);
  fputs(examples, out);
}
