#!/usr/bin/env python3
"""No object file needs a symbol of a higher room, inside a room no two need each other, and no room
holds more than its share of the sources.

usage: rooms.py BUILD [NM]

Reads the symbols of all objects made of src/, in the order of rooms.txt. exceptions.txt lists needs
that are allowed all the same; an exception that is not wanted fails too.
"""

import collections
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path("tests/structure")
SKIPPED = 77
LARGEST_SHARE = 16.0  # per cent of the lines under src/


def lines_of(path):
    """The lines of a list, without comments and empty ones."""
    text = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in text if line]


def read_order():
    """The level of each room, from the bottom up."""
    return {line.split(":")[0]: level for level, line in enumerate(lines_of(HERE / "rooms.txt"))}


def read_exceptions():
    """The allowed needs, as pairs of patterns (files, what they need); and shares by room."""
    needs, shares = [], {}
    for line in lines_of(HERE / "exceptions.txt"):
        need = re.fullmatch(r"(\S+) needs (\S+): \S.*", line)
        share = re.fullmatch(r"(\w+) holds ([\d.]+) %: \S.*", line)
        if need:
            needs.append(need.groups())
        elif share:
            shares[share[1]] = float(share[2])
        else:
            sys.exit(f"exceptions.txt: {line!r}: expected 'FILE needs FILE: reason' or the like")
    return needs, shares


def objects_of(build):
    """The source of each object made of a file in src/. A kernel has one for each instruction set."""
    root = pathlib.Path.cwd().resolve()
    sources = {}
    for command in json.loads((build / "compile_commands.json").read_text()):
        directory = pathlib.Path(command["directory"])
        source, output = (directory / command["file"]).resolve(), command["output"]
        if output.startswith("src/") and root / "src" in source.parents:
            sources[str(directory / output)] = source.relative_to(root / "src").as_posix()
    return sources


def read_needs(build, nm):
    """Which file needs which others, and one symbol of each need."""
    sources = objects_of(build)
    command = [*nm, "-A", "-P", "-g", *sources]
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    home, wanted = {}, []
    for line in listing.splitlines():
        path, _, rest = line.partition(": ")
        name, kind = rest.split()[:2]
        if kind in "Uwv":
            wanted.append((sources[path], name))
        else:
            home.setdefault(name, sources[path])
    needs = {}
    for source, name in wanted:
        if home.get(name, source) != source:
            needs.setdefault((source, home[name]), name)
    return needs


def room(path):
    return path.split("/")[0]


def is_below(level, source, target):
    """Whether the room `target` stands below `source`. data is a side branch, see rooms.txt."""
    if source == "data":
        return level[target] <= level["sound"]
    if target == "data":
        return level[source] >= level["train"]
    return level[target] < level[source]


def reach(needs):
    """All files that each file needs, itself or through others."""
    direct = collections.defaultdict(set)
    for source, target in needs:
        direct[source].add(target)
    reached = {}
    for start in list(direct):
        seen, ends = set(), [start]
        while ends:
            new = direct[ends.pop()] - seen
            seen |= new
            ends += new
        reached[start] = seen
    return reached


def circles(needs):
    """The sets of files that need each other."""
    reached = reach(needs)
    found = {}
    for start, others in reached.items():
        if start in others:
            circle = {name for name in others if start in reached.get(name, ())}
            found[min(circle)] = circle
    return found.values()


def complaints_of_needs(needs, level):
    """Needs of a higher room, and circles inside a room with the needs that make them."""
    within = {}
    for (source, target), symbol in sorted(needs.items()):
        if room(source) == room(target):
            within[source, target] = symbol
        elif not is_below(level, room(source), room(target)):
            yield f"{source} needs {symbol} of {target}: {room(target)} is not below {room(source)}"
    for circle in circles(within):
        yield f"these need each other: {' '.join(sorted(circle))}"
        for (source, target), symbol in within.items():
            if {source, target} <= circle:
                yield f"    {source} needs {symbol} of {target}"


def matching(needs, exception):
    """The needs that an exception allows."""
    return {
        need: symbol
        for need, symbol in needs.items()
        if all(fnmatch.fnmatchcase(path, pattern) for path, pattern in zip(need, exception))
    }


def complaints_of_exceptions(needs, rest, allowed, level):
    """Exceptions without which nothing would be wrong. rest: the needs that no exception allows."""
    for exception in allowed:
        if not any(complaints_of_needs({**rest, **matching(needs, exception)}, level)):
            need = " needs ".join(exception)
            yield f"exceptions.txt: {need}: nothing is wrong without it; take it out"


def complaints_of_sizes(shares):
    """Rooms that hold more than they may; and exceptions for rooms that hold no more than others."""
    lines = collections.Counter()
    for path in pathlib.Path("src").rglob("*.[ch]"):
        lines[path.parts[1]] += len(path.read_text().splitlines())
    for name in sorted({*lines, *shares}):
        share, most = 100 * lines[name] / sum(lines.values()), shares.get(name, LARGEST_SHARE)
        if share > most:
            yield f"src/{name} holds {share:.1f} % of the lines; expected at most {most} %"
        elif name in shares and share <= LARGEST_SHARE:
            yield f"exceptions.txt: {name} holds {share:.1f} %, which needs no exception; take it out"


def main():
    build = pathlib.Path(sys.argv[1])
    level, (allowed, shares) = read_order(), read_exceptions()
    needs = read_needs(build, sys.argv[2:] or ["nm"])
    if not needs:
        print("the objects show no symbols (built for optimisation at link time?)")
        return SKIPPED
    excused = set().union(*(matching(needs, exception) for exception in allowed))
    rest = {need: symbol for need, symbol in needs.items() if need not in excused}
    found = [
        *complaints_of_needs(rest, level),
        *complaints_of_exceptions(needs, rest, allowed, level),
        *complaints_of_sizes(shares),
    ]
    for line in found:
        print(line)
    return 1 if found else 0


sys.exit(main())
