"""Runs ONNX models by numpy, slowly: for those that no reader of Debian's reads. Of each operator only what exported
networks use."""

import numpy
from numpy.lib.stride_tricks import sliding_window_view
from onnx import helper, numpy_helper


def windows(x, size, strides, pads, fill):
    """(N, C, h, w) to (N, C, rows, columns, size)."""
    x = numpy.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=fill)
    return sliding_window_view(x, size, axis=(2, 3))[:, :, ::strides[0], ::strides[1]]


def pool(x, a, fill, reduce):
    return reduce(windows(x, a["kernel_shape"], a["strides"], a["pads"], fill), axis=(4, 5))


def conv(a, x, weight, bias=numpy.float32(0)):
    parts = numpy.split(windows(x, a["kernel_shape"], a["strides"], a["pads"], 0), a["group"], axis=1)
    y = [numpy.einsum("nchwkl,ockl->nohw", p, w, optimize=True) for p, w in zip(parts, numpy.split(weight, a["group"]))]
    return numpy.concatenate(y, axis=1) + numpy.reshape(bias, (-1, 1, 1))


def quantise(a, x, scale, zero):
    assert zero.dtype == numpy.int8 and zero == 0
    return numpy.clip(numpy.rint(x / scale), -128, 127).astype(numpy.int8)


def dequantise(a, x, scale, zero):
    assert not zero.any() and zero.dtype == x.dtype
    return x.astype(numpy.float32) * scale.reshape(scale.shape + (1,) * (x.ndim - scale.ndim if scale.ndim else 0))


def padded(a, x, pads):
    return numpy.pad(x, list(zip(pads[:x.ndim], pads[x.ndim:])))


OPERATORS = {
    "Add": lambda a, x, y: x + y,
    "AveragePool": lambda a, x: pool(x, a, 0, numpy.mean),
    "Concat": lambda a, *parts: numpy.concatenate(parts, axis=a["axis"]),
    "Conv": conv,
    "DequantizeLinear": dequantise,
    "Clip": lambda a, x, low, high: numpy.clip(x, low, high),
    "Div": lambda a, x, y: x / y,
    "Flatten": lambda a, x: x.reshape(len(x), -1),
    "Gemm": lambda a, x, weight, bias=numpy.float32(0): x @ weight.T + bias,
    "GlobalAveragePool": lambda a, x: x.mean(axis=(2, 3), keepdims=True),
    "Identity": lambda a, x: x,
    "MaxPool": lambda a, x: pool(x, a, -numpy.inf, numpy.max),
    "Pad": padded,
    "QuantizeLinear": quantise,
    "Relu": lambda a, x: numpy.maximum(x, 0),
    "Reshape": lambda a, x, shape: x.reshape([n or x.shape[i] for i, n in enumerate(shape)]),
    "Sub": lambda a, x, y: x - y,
    "Transpose": lambda a, x: x.transpose(a["perm"]),
}


def run(model, images):
    """The logits."""
    value = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    value["images"] = images
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        value[node.output[0]] = OPERATORS[node.op_type](attributes, *(value[name] for name in node.input))
    return value["logits"]
