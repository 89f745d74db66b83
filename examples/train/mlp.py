"""A multilayer perceptron on handwritten digits, written, differentiated and trained in weft: python mlp.py"""

import numpy as np
import weft
from digits import batches, load
from weft import nn
from weft import numpy as wnp

train, test = load()
keys = weft.random.split(weft.random.key(0))
params = {
    "w1": weft.random.normal(keys[0], (784, 64)) / 28, "b1": wnp.zeros(64),
    "w2": weft.random.normal(keys[1], (64, 10)) / 8, "b2": wnp.zeros(10),
}  # fmt: skip


def predict(p, x):
    return nn.sigmoid(nn.sigmoid(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])


def step(p, batch):
    x, y = batch
    loss, grads = weft.value_and_grad(lambda p: wnp.mean(wnp.sum((predict(p, x) - y) ** 2, axis=1)))(p)
    return weft.pytree.tree_map(lambda a, g: a - 0.5 * g, p, grads), loss


@weft.function(donate="p")
def epoch(p, xs, ys):  # the whole epoch is one program: a loop over batches inside
    return weft.scan(step, p, (xs, ys))


for n in range(20):
    params, losses = epoch(params, *batches(train, n))
    right = np.asarray(weft.function(predict)(params, test[0])).argmax(1) == test[1].argmax(1)
    print(f"epoch {n + 1:2}: loss {float(losses.mean()):.4f}, accuracy on {len(right)} unseen digits {right.mean():.4f}")
