"""Networks as `torch.onnx.export` writes them, small and with random weights, for tests/e2e/test_transformer.py.

    python tests/models/export_transformer.py

writes `tests/data/torch/NAME_KIND.onnx` and `NAME.npz` (example inputs by name, and what torch computed from them, as `=OUTPUT`). These are
checked in, so that the tests need no torch. Needs torch and onnxscript.
"""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

FOLDER = Path(__file__).parent.parent / "data" / "torch"
VOCABULARY, WIDTH, HEADS, LAYERS, LONGEST = 40, 16, 2, 2, 32


class Encoder(nn.Module):
    """torch's own encoder: padding mask, GELU by erf, pooled by its first token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LONGEST, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, batch_first=True, activation="gelu")
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 5)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """[B, S] token numbers and a mask of 1 (a token) and 0 (padding) to [B, 5]."""
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))[None]
        x = self.layers(x, src_key_padding_mask=mask == 0)
        return self.head(torch.tanh(x[:, 0]))


class Block(nn.Module):
    """Attention and a feed-forward layer written out, normalised before each (GPT) or after (BERT)."""

    def __init__(self, causal: bool, approximate: str) -> None:
        super().__init__()
        self.causal = causal
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.feed = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate=approximate), nn.Linear(4 * WIDTH, WIDTH))

    def attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Multi-head self-attention of [B, S, D]."""
        b, s, d = x.shape
        q, k, v = (t.view(b, s, HEADS, d // HEADS).transpose(1, 2) for t in self.qkv(x).split(d, dim=2))
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(b, s, d))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """[B, S, D] to [B, S, D]."""
        if self.causal:
            x = x + self.attend(self.norms[0](x), mask)
            return x + self.feed(self.norms[1](x))
        x = self.norms[0](x + self.attend(x, mask))
        return self.norms[1](x + self.feed(x))


class Bert(nn.Module):
    """Token, position and segment embeddings, an additive attention mask, a pooler."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions, self.segments = (nn.Embedding(n, WIDTH) for n in (VOCABULARY, LONGEST, 2))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.blocks = nn.ModuleList([Block(False, "none") for _ in range(LAYERS)])
        self.pooler = nn.Linear(WIDTH, WIDTH)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """[B, S] each to hidden states [B, S, D] and the pooled [B, D]."""
        place = torch.arange(ids.shape[1], device=ids.device)[None]
        x = self.norm(self.tokens(ids) + self.positions(place) + self.segments(segments))
        additive = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for block in self.blocks:
            x = block(x, additive)
        return x, torch.tanh(self.pooler(x[:, 0]))


class Gpt(nn.Module):
    """Causal attention, GELU by tanh, logits by the transposed embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.blocks = nn.ModuleList([Block(True, "tanh") for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, S] to logits [B, S, V]."""
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


class Cnn(nn.Module):
    """Convolutions (plain, strided, depthwise), batch norm, a residual connection, poolings."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.Hardswish(), nn.Conv2d(8, 8, 1))
        self.head = nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        """[B, 3, H, W] to [B, 4]."""
        x = self.stem(images)
        x = functional.silu(x + self.body(x))
        return self.head(torch.flatten(functional.adaptive_avg_pool2d(x, 1), 1))


def mlp() -> nn.Module:
    """[B, 10] to [B, 3], through several activations."""
    return nn.Sequential(nn.Linear(10, 16), nn.LeakyReLU(), nn.Linear(16, 16), nn.ELU(), nn.Linear(16, 3), nn.LogSoftmax(dim=-1))


@dataclass
class Example:
    """A network, example inputs by name, and which of their dims the export leaves open."""

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...] = ("y",)
    open_dims: dict[int, str] = field(default_factory=lambda: {0: "B"})


def examples() -> dict[str, Example]:
    """Every network with inputs of batch 2."""
    ids = torch.randint(0, VOCABULARY, (2, 12))
    mask = (torch.arange(12) < torch.tensor([[12], [7]])).long()
    sequence = {0: "B", 1: "S"}
    return {
        "encoder": Example(Encoder(), {"ids": ids, "mask": mask}, open_dims=sequence),
        "bert": Example(Bert(), {"ids": ids, "mask": mask, "segments": (ids > 20).long()}, ("hidden", "pooled"), sequence),
        "gpt": Example(Gpt(), {"ids": ids}, ("logits",), sequence),
        "cnn": Example(Cnn(), {"images": torch.randn(2, 3, 20, 20)}),
        "mlp": Example(mlp(), {"x": torch.randn(2, 10)}),
    }


def export(name: str, example: Example) -> None:
    """Write the network as the exporter of TorchScript traces it, with fixed and open dims, and as the one of torch.export does."""
    module, arguments, names = example.module.eval(), tuple(example.inputs.values()), list(example.inputs)
    with torch.no_grad():
        results = module(*arguments)
    results = results if isinstance(results, tuple) else (results,)
    common = {"input_names": names, "output_names": list(example.outputs)}
    axes = dict.fromkeys(names, example.open_dims)
    axes |= {n: {a: d for a, d in example.open_dims.items() if a < r.ndim - 1} for n, r in zip(example.outputs, results, strict=True)}
    torch.onnx.export(module, arguments, str(FOLDER / f"{name}_static.onnx"), dynamo=False, opset_version=17, **common)
    torch.onnx.export(module, arguments, str(FOLDER / f"{name}_dynamic.onnx"), dynamo=False, opset_version=17, dynamic_axes=axes, **common)
    dims = {axis: torch.export.Dim(d, min=1 if d == "B" else 2, max=LONGEST) for axis, d in example.open_dims.items()}
    torch.onnx.export(
        module,
        arguments,
        str(FOLDER / f"{name}_dynamo.onnx"),
        dynamo=True,
        external_data=False,
        verbose=False,
        dynamic_shapes=tuple(dims for _ in arguments),
        **common,
    )
    _strip(FOLDER / f"{name}_dynamo.onnx")
    wanted = {f"={n}": r.numpy() for n, r in zip(example.outputs, results, strict=True)}
    np.savez_compressed(FOLDER / f"{name}.npz", **{n: t.numpy() for n, t in example.inputs.items()}, **wanted)


def _strip(path: Path) -> None:
    """Remove the stack traces of the exporting process, most of the file."""
    model = onnx.load(path)
    for thing in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info, model.graph, model):
        del thing.metadata_props[:]
    onnx.save(model, path)


def main() -> None:
    """Export everything."""
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    for name, example in examples().items():
        export(name, example)
        print(name, *(f"{p.name}: {p.stat().st_size} bytes" for p in sorted(FOLDER.glob(f"{name}*"))))


if __name__ == "__main__":
    main()
