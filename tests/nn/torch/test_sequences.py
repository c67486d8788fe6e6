#!/usr/bin/env python3
"""Networks of sequences against PyTorch: logits and gradients of one batch, with the same weights.

usage: test_sequences.py STEP

STEP is the program made of step.c. Without torch the test is skipped."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python"))
import espalier

STEP = sys.argv.pop(1)
IMAGES, CLASSES = 19, 3


class Network:
    """The layers that STEP ran, with torch's operations on the weights that it had."""

    def __init__(self, tensors):
        self.p = {name: torch.from_numpy(array.copy()).requires_grad_()
                  for name, array in tensors.items() if not name.startswith("grad.") and name != "logits"}

    def __getitem__(self, name):
        return self.p[name]

    def conv(self, x, name, **attr):
        return F.conv2d(x, self[f"{name}.weight"], self.p.get(f"{name}.bias"), **attr)

    def linear(self, x, name="linear1"):
        return F.linear(x.flatten(1), self[f"{name}.weight"], self[f"{name}.bias"])

    def embedding(self, x):
        """(N, 1, 1, T) to (N, D, 1, T)"""
        weight = self["embedding1.weight"]
        rows = F.embedding(x.long()[:, 0, 0], weight, padding_idx=0)
        return (rows * (x[:, 0, 0] > 0)[:, :, None]).transpose(1, 2)[:, :, None]

    def layernorm(self, x, name="layernorm1"):
        at_end = x.permute(0, 2, 3, 1)
        return F.layer_norm(at_end, (x.shape[1],), self[f"{name}.scale"], self[f"{name}.shift"]).permute(0, 3, 1, 2)

    def positions(self, x):
        return x + self["positions1.weight"].T[None, :, None]

    def attention(self, x, before, after, heads, lengths, causal=False):
        """By nn.MultiheadAttention, whose weights the convolutions before and after it are."""
        channels, width = x.shape[1], x.shape[3]
        tokens = x[:, :, 0].transpose(1, 2)
        made = F.multi_head_attention_forward(
            tokens.transpose(0, 1), tokens.transpose(0, 1), tokens.transpose(0, 1), channels, heads,
            self[f"{before}.weight"].flatten(1), self[f"{before}.bias"], None, None, False, 0.0,
            self[f"{after}.weight"].flatten(1), self[f"{after}.bias"], need_weights=False,
            key_padding_mask=torch.arange(width)[None] >= lengths[:, None],
            attn_mask=torch.ones(width, width).triu(1).bool() if causal else None)[0]
        return made.permute(1, 2, 0)[:, :, None]

    def recurrent(self, x, name, lengths, kind, both=False):
        """By nn.LSTM or nn.GRU on packed sequences."""
        units, inputs = self[f"{name}.hh.weight"].shape[1], x.shape[1]
        layer = kind(inputs, units, batch_first=True, bidirectional=both)
        values = dict(layer.named_parameters())
        for way, suffix in [("", "l0"), (".reverse", "l0_reverse")][:1 + both]:
            for part in "ih", "hh":
                values[f"weight_{part}_{suffix}"] = self[f"{name}{way}.{part}.weight"]
                bias = self.p.get(f"{name}{way}.{part}.bias")
                values[f"bias_{part}_{suffix}"] = torch.zeros(len(values[f"weight_{part}_{suffix}"])) if bias is None else bias
        packed = torch.nn.utils.rnn.pack_padded_sequence(x[:, :, 0].transpose(1, 2), lengths, batch_first=True,
                                                         enforce_sorted=False)
        out = torch.func.functional_call(layer, values, (packed,))[0]
        rows = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=x.shape[3])[0]
        return rows.transpose(1, 2)[:, :, None]


def valid(x, lengths):
    return (torch.arange(x.shape[3])[None] < lengths[:, None])[:, None, None]


def token_mean(x, lengths):
    return (x * valid(x, lengths)).sum(3) / lengths[:, None, None]


def token_max(x, lengths):
    return x.masked_fill(~valid(x, lengths), -torch.inf).amax(3)


def token_last(x, lengths):
    return x[torch.arange(len(x)), :, :, lengths - 1]


def encoder(net, x, lengths):
    h = net.positions(net.embedding(x))
    for i in 0, 1:
        h = h + net.attention(net.layernorm(h, f"{2 * i}.layernorm1"), f"{2 * i}.conv1", f"{2 * i}.conv2", 2, lengths)
        inner = net.conv(net.layernorm(h, f"{2 * i + 1}.layernorm1"), f"{2 * i + 1}.conv1")
        h = h + net.conv(F.gelu(inner, approximate="tanh"), f"{2 * i + 1}.conv2")
    return net.linear(token_mean(net.layernorm(h), lengths))


def causal(net, x, lengths):
    return net.linear(token_last(net.attention(net.embedding(x), "conv1", "conv2", 4, lengths, True), lengths))


def lstm(net, x, lengths):
    return net.linear(token_last(net.recurrent(net.embedding(x), "lstm1", lengths, torch.nn.LSTM), lengths))


def lstm_both(net, x, lengths):
    return net.linear(token_mean(net.recurrent(net.embedding(x), "lstm1", lengths, torch.nn.LSTM, True), lengths))


def gru_both(net, x, lengths):
    h = net.recurrent(net.embedding(x), "gru1", lengths, torch.nn.GRU, True)
    return net.linear(token_max(net.recurrent(h, "gru2", lengths, torch.nn.GRU), lengths))


def text_cnn(net, x, lengths):
    h, out = net.embedding(x), []
    for i, k in enumerate((3, 4, 5)):
        made = F.relu(net.conv(h, f"0.branch{i + 1}.conv1", padding=(0, k // 2)))
        out.append(token_max(made, lengths + 2 * (k // 2) - k + 1))
    return net.linear(torch.cat(out, 1))


def gated(net, x, lengths):
    h = net.embedding(x)
    h = net.conv(h, "0.branch1.conv1", padding=(0, 1)) * torch.sigmoid(net.conv(h, "0.branch2.conv1", padding=(0, 1)))
    return net.linear(token_mean(h, lengths))


def ds_cnn(net, x, lengths):
    h = x
    for name, attr in [("conv1", {"stride": 2, "padding": (5, 1)}), ("depthwise1", {"padding": 1, "groups": 8}), ("conv2", {})]:
        h = net.conv(h, name, **attr)
        norm = {"conv1": "bn1", "depthwise1": "bn2", "conv2": "bn3"}[name]
        h = F.relu(F.batch_norm(h, None, None, net[f"{norm}.scale"], net[f"{norm}.shift"], training=True))
    return net.linear(h.mean((2, 3)))


def rows(net, x, lengths):
    lengths = torch.full((len(x),), x.shape[2])
    tokens = x.permute(0, 1, 3, 2).flatten(1, 2)[:, :, None]
    return net.linear(token_last(net.recurrent(tokens, "gru1", lengths, torch.nn.GRU), lengths))


BLOCK = """residual
  layernorm
  conv 24 1x1
  attention 2
  conv 8 1x1
end
residual
  layernorm
  conv 16 1x1
  gelu
  conv 8 1x1
end
"""
CASES = [
    (encoder, "1x1x7:11", f"embedding 8\npositions\nrepeat 2\n{BLOCK}end\nlayernorm\ntoken_mean\nlinear classes"),
    (causal, "1x1x6:9", "embedding 12\nconv 36 1x1\nattention 4 causal\nconv 12 1x1\ntoken_last\nlinear classes"),
    (lstm, "1x1x7:11", "embedding 5\nlstm 6\ntoken_last\nlinear classes"),
    (lstm_both, "1x1x7:11", "embedding 5\nlstm 20 both\ntoken_mean\nlinear classes"),
    (gru_both, "1x1x7:11", "embedding 5\ngru 18 both\ngru 4\ntoken_max\nlinear classes"),
    (text_cnn, "1x1x7:11", "embedding 5\nconcat\nconv 4 1x3\nrelu\ntoken_max\nbranch\nconv 4 1x4\nrelu\ntoken_max\nbranch\n"
                           "conv 4 1x5\nrelu\ntoken_max\nend\nlinear classes"),
    (gated, "1x1x7:11", "embedding 5\nproduct\nconv 4 1x3\nbranch\nconv 4 1x3\nsigmoid\nend\ntoken_mean\nlinear classes"),
    (ds_cnn, "1x49x10", "conv 8 10x4 stride 2x2 pad 5x1\nbn\nrelu\ndepthwise 3x3\nbn\nrelu\nconv 8 1x1\nbn\nrelu\n"
                        "global_avgpool\nlinear classes"),
    (rows, "2x5x3", "rows\ngru 6\ntoken_last\nlinear classes"),
]


def draw(shape):
    """Images, or texts of 1 to T tokens, behind which stands padding; and how long they are."""
    generator = numpy.random.default_rng(5)
    sides, _, vocabulary = shape.partition(":")
    size = [int(side) for side in sides.split("x")]
    if not vocabulary:
        return generator.standard_normal([IMAGES] + size).astype("f4"), numpy.full(IMAGES, size[2])
    lengths = generator.integers(1, size[2] + 1, IMAGES)
    lengths[0] = size[2]
    tokens = generator.integers(1, int(vocabulary), [IMAGES] + size)
    return (tokens * (numpy.arange(size[2]) < lengths[:, None, None, None])).astype("f4"), lengths


def run_step(folder, layers, shape, images, labels):
    folder = pathlib.Path(folder)
    (folder / "layers").write_text(layers)
    (folder / "input").write_bytes(images.tobytes() + labels.astype("i4").tobytes())
    out = folder / "out.safetensors"
    subprocess.run([STEP, folder / "layers", shape, str(CLASSES), str(IMAGES), folder / "input", out], check=True)
    return espalier.read_tensors(out)


class Sequences(unittest.TestCase):
    def near(self, found, wanted, what):
        scale = numpy.abs(wanted).max() + 1e-3
        self.assertLess(numpy.abs(found - wanted).max() / scale, 2e-5, what)

    def check(self, network, shape, layers):
        images, lengths = draw(shape)
        labels = numpy.arange(IMAGES) % CLASSES
        with tempfile.TemporaryDirectory() as folder:
            tensors = run_step(folder, layers, shape, images, labels)
        net = Network(tensors)
        logits = network(net, torch.from_numpy(images), torch.from_numpy(lengths))
        F.cross_entropy(logits, torch.from_numpy(labels)).backward()
        self.near(tensors["logits"], logits.detach().numpy(), f"{network.__name__}: logits")
        for name, p in net.p.items():
            if f"grad.{name}" in tensors:
                self.near(tensors[f"grad.{name}"], p.grad.numpy(), f"{network.__name__}: gradient of {name}")

    def test_logits_and_gradients(self):
        for network, shape, layers in CASES:
            with self.subTest(network.__name__):
                self.check(network, shape, layers)


if __name__ == "__main__":
    torch.manual_seed(1)
    unittest.main()
