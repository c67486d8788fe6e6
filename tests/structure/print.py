#!/usr/bin/env python3
"""C is laid out to be read and searched.

No line is too long, no literal of src/ is torn inside a word, no formula in a comment at an
operator, and no comment ends on a line of its own where its end fits behind the text.
"""

import pathlib
import re
import sys

COLUMNS = 100
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
COMMENT_OR_CHAR = r"/\*.*?\*/|//[^\n]*|'(?:[^'\\\n]|\\.)+'"
TOKEN = re.compile(rf"(?P<skip>{COMMENT_OR_CHAR})|(?P<literals>{LITERAL}(?:\s*{LITERAL})*)", re.S)
TORN = re.compile(r'(?<!\\)[\w-]"\s*"\w')
TORN_FORMULA = re.compile(r"\S [*/+=<>]\n +\* \S+|\S+\n +\* [*/+=<>] \S+")


def files(*folders):
    return sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.[ch]"))


def long_lines(text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns; expected at most {COLUMNS}"


def torn_literals(text):
    for found in TOKEN.finditer(text):
        literals = found["literals"] or ""
        for torn in TORN.finditer(literals):
            number = text.count("\n", 0, found.start() + torn.start()) + 1
            yield number, f"a word is torn: {' '.join(torn[0].split())}; a search does not find it"


def torn_formulas(text):
    for found in TOKEN.finditer(text):
        for torn in TORN_FORMULA.finditer(found["skip"] or ""):
            number = text.count("\n", 0, found.start() + torn.start()) + 1
            yield number, f"a formula is torn: {' '.join(torn[0].split())}"


def orphan_ends(text):
    lines = text.splitlines()
    for number, line in enumerate(lines[1:], 2):
        before = lines[number - 2]
        if line.strip() == "*/" and before.strip() != "*" and len(before) + len(" */") <= COLUMNS:
            yield number, "the end of the comment fits on the line before"


def main():
    found = []
    for check, folders in [
        (long_lines, ["src", "include", "tests", "bench"]),
        (torn_literals, ["src"]),
        (torn_formulas, ["src", "include", "tests", "bench"]),
        (orphan_ends, ["src", "include", "tests", "bench"]),
    ]:
        for path in files(*folders):
            found += [f"{path}:{number}: {text}" for number, text in check(path.read_text())]
    for line in found:
        print(line)
    return 1 if found else 0


sys.exit(main())
