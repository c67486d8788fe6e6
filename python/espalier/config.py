"""Configurations: INI files in which a value may go on in indented lines."""

import pathlib

from espalier.errors import FormatError


def _without_comment(text):
    """A line without the comment behind it: a semicolon at its beginning or behind a space."""
    for at, letter in enumerate(text):
        if letter == ";" and (at == 0 or text[at - 1].isspace()):
            return text[:at]
    return text


def _add_line(config, section, key, line):
    """The section and key behind a line: config takes in what the line says of them."""
    text = line.strip()
    if line[0].isspace() and key is not None:
        config[section][key] += ("\n" if config[section][key] else "") + text
        return section, key
    if text.startswith("[") and text.endswith("]"):
        config.setdefault(text[1:-1].strip(), {})
        return text[1:-1].strip(), None
    name, equals, value = text.partition("=")
    if not equals or section is None:
        raise ValueError(f"{text[:40]!r}: expected [section] or key = value")
    config[section][name.strip()] = value.strip()
    return section, name.strip()


def read_config(path):
    """A configuration as a dict of sections, each a dict of texts: config["prune"]["sparsity"].

    The lines of a value are joined by newlines, without their indentation.
    """
    config, section, key = {}, None, None
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(path, "not UTF-8 text") from error
    for number, line in enumerate(lines, 1):
        line = _without_comment(line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            section, key = _add_line(config, section, key, line)
        except ValueError as error:
            raise FormatError(f"{path}:{number}", error) from error
    return config
