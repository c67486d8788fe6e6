"""Weights files and checkpoints: safetensors, read without trust.

A file is eight bytes with the length of the header, the header (JSON), and the data. Espalier
writes a SHA-256 for each tensor into the header, which is compared unless the caller says not to.
"""

import hashlib
import json
import pathlib

import numpy

from espalier.errors import FormatError

HEADER_MAX = 100 * 1000 * 1000
METADATA = "__metadata__"
CHECKSUM = "sha256."
TEXTS_CHECKSUM = "sha256"
DTYPES = {"F32": numpy.dtype("<f4"), "U8": numpy.dtype("u1")}


class Tensors(dict):
    """Arrays by name. `metadata` holds the texts of the file, without the checksums."""

    def __init__(self, arrays, metadata):
        super().__init__(arrays)
        self.metadata = metadata


def _unique(pairs):
    """A JSON object in which no name stands twice."""
    found = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands twice in the header")
        found[name] = value
    return found


def _is_count(value):
    return type(value) is int and value >= 0


def _read_header(data):
    """The header of a file, and where the data begin."""
    if len(data) < 8:
        raise ValueError(f"{len(data)} bytes; expected a header's length in the first 8")
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, HEADER_MAX):
        raise ValueError(f"a header of {length} bytes in a file of {len(data)}: cut short?")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("the header is nested too deeply") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise ValueError("the header is not a JSON object")
    return header, 8 + length


def _check_entry(name, entry, available):
    """The type, shape and range of a tensor, all of which make sense together."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name!r}: expected dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"tensor {name!r}: dtype {dtype!r}; expected {' or '.join(DTYPES)}")
    if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_count, shape)):
        raise ValueError(f"tensor {name!r}: shape {str(shape)[:60]}; expected whole numbers from 0")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise ValueError(f"tensor {name!r}: expected two whole numbers from 0 as data_offsets")
    begin, end = offsets
    if not begin <= end <= available:
        raise ValueError(f"tensor {name!r}: bytes {begin} to {end} of the {available} that follow")
    size = DTYPES[dtype].itemsize
    for extent in shape:
        size *= extent
    if size != end - begin:
        raise ValueError(f"tensor {name!r}: {end - begin} bytes; its shape asks for {size}")
    return DTYPES[dtype], shape, begin, end


def _check_cover(ranges, available):
    """Every byte of the data belongs to one tensor."""
    at = 0
    for begin, end, name in sorted(ranges):
        if begin != at:
            raise ValueError(f"tensor {name!r} begins at byte {begin} of the data; expected {at}")
        at = end
    if at != available:
        raise ValueError(f"{available - at} bytes at the end belong to no tensor")


def _check_digest(what, digest, expected):
    if digest.hexdigest() != expected.lower():
        raise ValueError(f"{what} does not match its SHA-256: the file is damaged")


def _check_texts(texts, expected):
    digest = hashlib.sha256()
    for key, text in texts.items():
        digest.update(f"{key}\0{text}\0".encode("utf-8"))
    _check_digest("the metadata", digest, expected)


def _read(data, verify):
    header, start = _read_header(data)
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(t, str) for t in metadata.values()):
        raise ValueError(f"{METADATA} is not an object of texts")
    available, arrays, ranges = len(data) - start, {}, []
    for name, entry in header.items():
        dtype, shape, begin, end = _check_entry(name, entry, available)
        piece = data[start + begin : start + end]
        if verify and CHECKSUM + name in metadata:
            _check_digest(f"tensor {name!r}", hashlib.sha256(piece), metadata[CHECKSUM + name])
        arrays[name] = numpy.frombuffer(bytearray(piece), dtype=dtype).reshape(shape)
        ranges.append((begin, end, name))
    _check_cover(ranges, available)
    checksums = {name for name in metadata if (name + ".").startswith(CHECKSUM)}
    texts = {name: text for name, text in metadata.items() if name not in checksums}
    if verify and TEXTS_CHECKSUM in metadata:
        _check_texts(texts, metadata[TEXTS_CHECKSUM])
    return Tensors(arrays, texts)


def read_tensors(path, verify=True):
    """All tensors of a safetensors file. verify: compare the checksums that the file holds."""
    data = pathlib.Path(path).read_bytes()
    try:
        return _read(data, verify)
    except ValueError as error:
        raise FormatError(path, error) from error
