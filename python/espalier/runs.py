"""Run directories and sweeps."""

import functools
import json
import pathlib

import numpy

from espalier.config import read_config
from espalier.errors import FormatError
from espalier.names import with_current_keys
from espalier.tables import read_table
from espalier.tensors import read_tensors

MASK = "mask."


class Run:
    """A run directory. A file is read when it is asked for, once."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not (self.path / "config.ini").is_file():
            raise FormatError(self.path, "no config.ini; expected the directory of a run")

    def __repr__(self):
        return f"Run({str(self.path)!r})"

    @functools.cached_property
    def config(self):
        """The configuration as run, all defaults written out: sections of keys, values as texts."""
        return read_config(self.path / "config.ini")

    @functools.cached_property
    def result(self):
        """result.json as a dict: "dense", "rounds", "final", "weights_sha256" and more."""
        path = self.path / "result.json"
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise FormatError(path, f"not JSON: {error}") from error
        if not isinstance(value, dict):
            raise FormatError(path, "expected a JSON object")
        return with_current_keys(value)

    @property
    def seed(self):
        return int(self.config["run"]["seed"])

    @property
    def finished(self):
        """Whether the run came to its end. Before that there may be no result at all."""
        return (self.path / "result.json").is_file() and self.result.get("status") == "finished"

    @property
    def results(self):
        """The results as a list of dicts: the dense network, if there was one, then the rounds."""
        dense, rounds = self.result.get("dense"), self.result.get("rounds")
        if not isinstance(rounds, list) or not all(isinstance(r, dict) for r in [dense, *rounds]):
            raise FormatError(
                self.path / "result.json", "expected an object dense and a list of objects, rounds"
            )
        return ([dense] if "sparsity" in dense else []) + rounds

    @functools.cached_property
    def rounds(self):
        """rounds.csv: a row per pruning round."""
        return read_table(self.path / "rounds.csv")

    @functools.cached_property
    def log(self):
        """log.csv: a row per epoch."""
        return read_table(self.path / "log.csv")

    @functools.cached_property
    def layers(self):
        """layers.csv: a row per round and layer."""
        return read_table(self.path / "layers.csv")

    @functools.cached_property
    def kernels(self):
        """kernels.csv: which kernels each layer ended a round with, and why."""
        return read_table(self.path / "kernels.csv")

    @functools.cached_property
    def confusion(self):
        """confusion.csv: how many test images of a label got an answer, where there were any."""
        return read_table(self.path / "confusion.csv")

    @functools.cached_property
    def costs(self):
        """costs.csv: what an image costs in each layer, after each round."""
        return read_table(self.path / "costs.csv")

    @functools.cached_property
    def sparsity(self):
        """sparsity.csv: a row per mask change; runs that changed none have no such file."""
        return read_table(self.path / "sparsity.csv")

    @functools.cached_property
    def turned(self):
        """turned.csv: the test images that either the dense or the last network is right about."""
        return read_table(self.path / "turned.csv")

    def confusion_matrix(self, round):
        """Test images by [label, answer] after a round; 0 is the dense network.

        The file holds the dense network and the last round only.
        """
        rows = self.confusion[self.confusion["round"] == round]
        if len(rows) == 0:
            raise KeyError(f"{self.path / 'confusion.csv'}: nothing of round {round}")
        classes = len(self.result["classes"])
        matrix = numpy.zeros((classes, classes), dtype=numpy.int64)
        if rows["label"].max() >= classes or rows["answer"].max() >= classes:
            raise FormatError(self.path / "confusion.csv", f"expected classes below {classes}")
        matrix[rows["label"], rows["answer"]] = rows["images"]
        return matrix

    def weights_path(self, round=None):
        """The file of the weights after a round: 0 is the dense network, None the last there is."""
        if round is not None:
            name = f"round-{round:02d}.safetensors" if round else "dense.safetensors"
            return self.path / name
        rounds = self.path.glob("round-*.safetensors")
        dense = self.path / "dense.safetensors"
        return max(rounds, key=lambda path: (len(path.name), path.name), default=dense)

    def weights(self, round=None):
        """Parameters by name, such as "conv1.weight", after a round.

        A convolution's weights are [output, input, row, column], a linear layer's [output, input].
        """
        return read_tensors(self.weights_path(round))

    def checkpoint(self):
        """All tensors of the newest checkpoint: parameters, momentum.NAME, mask.NAME, and more."""
        return read_tensors(self.path / "checkpoint.safetensors")

    def masks(self, round=None):
        """Masks of the pruned parameters by name, arrays of bool: True is a weight that is there.

        Those of the newest checkpoint; with a round, where the weights of its layers were not 0.
        """
        if round is None:
            tensors = self.checkpoint().items()
            return {k[len(MASK) :]: t.astype(bool) for k, t in tensors if k.startswith(MASK)}
        weights = self.weights(round)
        names = [f"{layer}.weight" for layer in dict.fromkeys(self.layers["layer"])]
        return {name: weights[name] != 0 for name in names}


class Sweep:
    """The directory of a sweep: `runs` by directory name, without the trainings that they share."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not (self.path / "sweep.ini").is_file():
            raise FormatError(self.path, "no sweep.ini; expected the directory of a sweep")
        runs = (run for run in find_runs(self.path) if not run.path.name.startswith("dense,"))
        self.runs = {run.path.name: run for run in runs}

    def __repr__(self):
        return f"Sweep({str(self.path)!r})"

    @functools.cached_property
    def table(self):
        """sweep.csv: a row per finished run and round."""
        return read_table(self.path / "sweep.csv")

    @functools.cached_property
    def summary(self):
        """summary.csv: a row per combination and round, mean and deviation over the seeds."""
        return read_table(self.path / "summary.csv")


def find_runs(path):
    """The run in a directory, or those in the directories there, sorted by name."""
    path = pathlib.Path(path)
    if (path / "config.ini").is_file():
        return [Run(path)]
    return [Run(config.parent) for config in sorted(path.glob("*/config.ini"))]
