#!/usr/bin/env python3
"""The documents have one width, and what they name is there: files, links, names of the sources."""

import glob
import pathlib
import re
import sys

COLUMNS = 100
FOLDERS = "src include docs tests configs scripts bench python examples cross"
ROOMS = ["src", "include", "tests", "bench", "docs"]
PATH = re.compile(rf"(?<![\w/.=-])(?:{'|'.join(FOLDERS.split())})/[\w*./-]*[\w*/]")
FILE = re.compile(r"`([\w-]+\.(?:c|h|js))`")
TARGETS = {"src/espalier"}  # what ninja makes
NAME = re.compile(r"\b(?:esp|ESP)_\w+\b(?!\*)")
LINK = re.compile(r"\]\(([^)#:]+)[^):]*\)")


def documents():
    root = pathlib.Path()
    return sorted([*root.glob("*.md"), *root.glob("datasets/*.md"), *root.glob("docs/**/*.md")])


def sources():
    found = (path for room in ROOMS for path in pathlib.Path(room).rglob("*"))
    return [path for path in found if path.suffix in {".c", ".h", ".js"}]


def prose(text):
    """The lines, numbered, that stand in no block and no table."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("    ", "|")):
            yield number, line


def wide_lines(text):
    """A line of one word, such as an address, may be as long as it is."""
    for number, line in prose(text):
        if len(line) > COLUMNS and len(line.split()) > 1:
            yield number, f"{len(line)} columns; expected at most {COLUMNS}"


def is_there(path):
    """A file, a folder or a pattern; or a program, such as bench/crossover of bench/crossover.c."""
    return path in TARGETS or glob.glob(path) or pathlib.Path(path + ".c").exists()


def missing_files(document, text, names):
    """Files that are not there. Those that a reader is told to write stand behind ```c."""
    written = set(re.findall(r"^```\w+ (\S+)$", text, re.M))
    for number, line in enumerate(text.splitlines(), 1):
        for path in PATH.findall(line):
            if path not in written and not is_there(path.removesuffix("**")):
                yield number, f"there is no {path}"
        for name in FILE.findall(line):
            if name not in names and not any(path.endswith("/" + name) for path in written):
                yield number, f"no file of the sources is called {name}"
        for target in LINK.findall(line):
            if not (document.parent / target).exists():
                yield number, f"a link to {target}, which is not there"


def missing_names(text, identifiers):
    """Names that the sources do not have, but for those that a reader is told to write."""
    written = set(NAME.findall("".join(re.findall(r"^```c .*?^```", text, re.M | re.S))))
    for number, line in enumerate(text.splitlines(), 1):
        for name in NAME.findall(line):
            if name not in identifiers and name not in written:
                yield number, f"the sources have no {name}"


def missing_rooms():
    """Rooms that the architecture's table or the map in the README leave out."""
    rooms = re.findall(r"^(\w+):", pathlib.Path("tests/structure/rooms.txt").read_text(), re.M)
    for name, row in [("docs/architecture.md", "\n| `{}` | "), ("README.md", "\n    src/{}/ ")]:
        text = pathlib.Path(name).read_text()
        yield from (f"{name}: no row for the room {r}" for r in rooms if row.format(r) not in text)


def main():
    paths = sources()
    names = {path.name for path in paths}
    identifiers = set(re.findall(r"\w+", "".join(path.read_text() for path in paths)))
    failed = False
    for room in missing_rooms():
        print(room)
        failed = True
    for document in documents():
        text = document.read_text()
        found = [
            *wide_lines(text),
            *missing_files(document, text, names),
            *missing_names(text, identifiers),
        ]
        for number, what in sorted(found):
            print(f"{document}:{number}: {what}")
            failed = True
    return failed


sys.exit(main())
