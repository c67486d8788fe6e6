"""Accuracy over sparsity: mean and standard deviation over seeds."""

import collections
import dataclasses
import pathlib

import numpy

from espalier.runs import Run, Sweep, find_runs

# What does not tell two series apart: how and where a run was done, its seed, and the sparsity or
# threshold, which is behind the x of the curve.
_PLACE = {("data", "path"), ("train", "sparse"), ("prune", "sparsity"), ("prune", "threshold")}
_SECTIONS = {"run", "log"}


@dataclasses.dataclass
class Curve:
    """One series.

    label: the keys by which it differs from the others, such as "prune.method=random". The arrays
    have an entry for each level of sparsity, in order. mean and sd are those of a sample of so many
    seeds; over one seed sd is NaN.
    """

    label: str
    sparsity: numpy.ndarray
    mean: numpy.ndarray
    sd: numpy.ndarray
    seeds: numpy.ndarray


def _runs_of(source):
    """The runs of a Run, a Sweep, a path of either, or a sequence of such."""
    if isinstance(source, Run):
        return [source]
    if isinstance(source, Sweep):
        return list(source.runs.values())
    if isinstance(source, (str, pathlib.Path)):
        is_sweep = (pathlib.Path(source) / "sweep.ini").is_file()
        return _runs_of(Sweep(source)) if is_sweep else find_runs(source)
    return [run for each in source for run in _runs_of(each)]


def _keys(run):
    """The keys that tell series apart, with their values."""
    return {
        f"{section}.{key}": value
        for section, values in run.config.items()
        for key, value in values.items()
        if section not in _SECTIONS and (section, key) not in _PLACE
    }


def _labels(groups):
    """What each group of keys says where not all say the same."""
    first = groups[0]
    names = [name for name in first if any(keys.get(name) != first[name] for keys in groups)]
    return [" ".join(f"{name}={keys.get(name, '')}" for name in names) for keys in groups]


def _level(run, row):
    """What a round was to prune to: a sparsity, or what a threshold gives in that round."""
    if row["sparsity_requested"] is not None:
        return round(row["sparsity_requested"], 6), 0
    return float(run.config["prune"]["threshold"]), row["round"]


def _levels(runs, measure):
    """For each level an array with a row (sparsity, value) for each seed.

    A dense network that runs of one seed share counts once.
    """
    levels = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in runs:
        for row in run.results:
            if row.get(measure) is not None:
                level = levels[_level(run, row)]
                level[run.seed].append((row["sparsity"], row[measure]))
    for level in sorted(levels):
        yield numpy.array([numpy.mean(rows, axis=0) for rows in levels[level].values()])


def _curve(label, runs, measure):
    levels = list(_levels(runs, measure))
    sd = [level[:, 1].std(ddof=1) if len(level) > 1 else numpy.nan for level in levels]
    return Curve(
        label,
        sparsity=numpy.array([level[:, 0].mean() for level in levels]),
        mean=numpy.array([level[:, 1].mean() for level in levels]),
        sd=numpy.array(sd, dtype=float),
        seeds=numpy.array([len(level) for level in levels], dtype=int),
    )


def curves(source, measure="test_accuracy"):
    """Curves of a measure over sparsity, one for all runs that differ in seed and sparsity only.

    source: a run, a sweep, a path of either, a directory of runs, or a sequence of such; runs that
    are not finished are left out. measure: a number of the rounds in result.json, such as
    "test_accuracy" or "validation_accuracy" (both shares), "test_r2" where data have targets, or
    "macs_effective".
    """
    series = {}
    for run in _runs_of(source):
        if run.finished:
            keys = _keys(run)
            series.setdefault(tuple(keys.items()), (keys, []))[1].append(run)
    if not series:
        return []
    labels = _labels([keys for keys, _ in series.values()])
    return [_curve(label, runs, measure) for label, (_, runs) in zip(labels, series.values())]
