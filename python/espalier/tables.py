"""CSV files as numpy arrays with a field for each column."""

import csv
import pathlib

import numpy

from espalier.errors import FormatError
from espalier.names import current


def _column(cells):
    """An array of whole numbers, of numbers (an empty cell is NaN), or else of texts."""
    if cells and all(cells):
        try:
            return numpy.array([int(cell) for cell in cells], dtype=numpy.int64)
        except (ValueError, OverflowError):
            pass
    try:
        return numpy.array([float(cell) if cell else numpy.nan for cell in cells], dtype=float)
    except ValueError:
        return numpy.array(cells, dtype=str)


def _read_rows(path):
    """The names of the columns, and rows with a cell for each."""
    try:
        with pathlib.Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = [current(name) for name in next(reader, [])]
            rows = []
            for row in reader:
                if len(row) != len(names):
                    raise FormatError(
                        f"{path}:{reader.line_num}",
                        f"{len(row)} cells; expected {len(names)}, as in the first line",
                    )
                rows.append(row)
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(path, f"not a CSV file: {error}") from error
    return names, rows


def read_table(path):
    """A CSV file as a structured array: a row a record, a field for each column.

    A column of whole numbers is int64, one of other numbers float64, with NaN where nothing was
    measured; any other one is text. Old spellings of columns get the names of today.
    """
    names, rows = _read_rows(path)
    if not names or "" in names or len(set(names)) < len(names):
        raise FormatError(f"{path}:1", "expected columns with different names")
    columns = [_column([row[i] for row in rows]) for i in range(len(names))]
    table = numpy.empty(len(rows), dtype=[(name, c.dtype) for name, c in zip(names, columns)])
    for name, column in zip(names, columns):
        table[name] = column
    return table
