"""Transfer learning: a network that knows the digits 0 to 4, as an ONNX file, is cut open and learns 5 to 9 from 50 images of each.

What others have made is a file; here it is made first. Then its tensors are listed, it is cut before its head, a part of it is frozen and
the rest trained on with a new head; the result is saved, loaded, compiled, run, and exported again.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import weft
from weft import nn
from weft import numpy as wnp
from weft.vm import VM

data = np.load(Path(__file__).with_name("digits.npz"))
order = np.random.default_rng(0).permutation(len(data["images"]))
images, labels = (data["images"][order, :, :, None] / 16).astype(np.float32), data["labels"][order].astype(np.int32)
optimizer = weft.optim.adam(3e-3)


def trained(loss_of, params, x, y, epochs):
    """`params` after Adam on batches of 50."""

    @weft.function(donate=("params", "state"))
    def step(params, state, x, y):
        loss, grads = weft.value_and_grad(loss_of)(params, x, y)
        return *optimizer.update(params, grads, state), loss

    state = optimizer.init(params)
    for epoch in range(epochs):
        for bx, by in weft.data.batches((x, y), 50, seed=0, epoch=epoch):
            params, state, _ = step(params, state, bx, by)
    return params


def network(p, x):
    x = nn.relu(nn.conv(x, p["first"]))
    x = nn.max_pool(nn.relu(nn.conv(x, p["second"])), 2)
    return x.reshape(-1, 4 * 4 * 16) @ p["head"]


def normal(key, *shape):
    return weft.random.normal(weft.random.key(key), shape) / float(np.prod(shape[:-1])) ** 0.5


folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
low = labels < 5
params = {"first": normal(0, 3, 3, 1, 16), "second": normal(1, 3, 3, 16, 16), "head": normal(2, 256, 5)}
params = trained(lambda p, x, y: nn.cross_entropy(network(p, x), y), params, images[low], labels[low], 4)
weft.save(folder / "low.weft", lambda images: network(params, images), signatures={"main": [weft.Spec(("n", 8, 8, 1))]})
weft.export(weft.load(folder / "low.weft"), folder / "low.onnx")

found = weft.load(folder / "low.onnx")
for entry in weft.tensors(found):
    print(entry)
features = [e.name for e in weft.tensors(found) if e.kind == "value" and e.op == "reshape"][-1]
first = min(e.name for e in weft.tensors(found) if e.kind == "weight")
body, weights = weft.trainable(found, cut=features, freeze=first)


def answer(p, x):
    return body(p["body"], x) @ p["head"]


x, y = images[~low], labels[~low] - 5
tuned = {"body": weights, "head": wnp.zeros((256, 5))}
tuned = trained(lambda p, x, y: nn.cross_entropy(answer(p, x), y), tuned, x[:250], y[:250], 20)

weft.save_state(folder / "tuned.ckpt", tuned)
tuned = weft.load_state(folder / "tuned.ckpt", like=tuned)
weft.save(folder / "high.weft", lambda images: answer(tuned, images), signatures={"main": [weft.Spec(("n", 8, 8, 1))]})
weft.export(weft.load(folder / "high.weft"), folder / "high.onnx")
program = VM().load(weft.compile(weft.load(folder / "high.weft")))["main"]
print(f"accuracy on 5 to 9: {(program(x[250:]).argmax(1) == y[250:]).mean():.3f}")
