"""Reads what Espalier leaves behind: runs and sweeps, their tables, weights and masks.

    import espalier
    run = espalier.Run("runs/quickstart")
    run.rounds["test_accuracy"]         # a column of rounds.csv
    run.weights()["conv1.weight"]       # of the last round, as a numpy array

Nothing here trains or prunes, and nothing needs the engine. A file that is damaged, or not what its
name says, raises FormatError with one line that says what was expected.
"""

from espalier.config import read_config
from espalier.curves import Curve, curves
from espalier.errors import FormatError
from espalier.runs import Run, Sweep, find_runs
from espalier.tables import read_table
from espalier.tensors import Tensors, read_tensors

__version__ = "0.1.0"
__all__ = [
    "Curve",
    "FormatError",
    "Run",
    "Sweep",
    "Tensors",
    "curves",
    "find_runs",
    "read_config",
    "read_table",
    "read_tensors",
]
