"""A convolution net on handwritten digits, trained by Adam: python convnet.py [epochs]"""

import sys

import numpy as np
import weft
from digits import load
from weft import nn
from weft import numpy as wnp

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
ROWS = 8_000  # of the 55,000: enough for this net

(images, labels), (unseen, truth) = load()
images, labels = images[:ROWS].reshape(-1, 28, 28, 1), labels[:ROWS].argmax(1).astype(np.int32)

k1, k2, k3 = weft.random.split(weft.random.key(0), 3)
params = {
    "k1": weft.random.normal(k1, (3, 3, 1, 16)) / 3, "b1": wnp.zeros(16),
    "k2": weft.random.normal(k2, (3, 3, 16, 32)) / 12, "b2": wnp.zeros(32),
    "w": weft.random.normal(k3, (7 * 7 * 32, 10)) / 40, "b": wnp.zeros(10),
}  # fmt: skip
schedule = weft.optim.cosine_schedule(3e-3, EPOCHS * (ROWS // 64))
optimizer = weft.optim.adam(schedule)
state = optimizer.init(params)


def logits(p, x):
    x = nn.max_pool(nn.relu(nn.conv(x, p["k1"], p["b1"])), 2)
    x = nn.max_pool(nn.relu(nn.conv(x, p["k2"], p["b2"])), 2)
    return x.reshape((x.shape[0], -1)) @ p["w"] + p["b"]


@weft.function(donate=("params", "state"))
def step(params, state, x, y):
    loss, grads = weft.value_and_grad(lambda p: nn.cross_entropy(logits(p, x), y))(params)
    return *optimizer.update(params, grads, state), loss


predict = weft.function(logits)
for n in range(EPOCHS):
    feed = weft.data.batches((images, labels), 64, seed=0, epoch=n)
    for x, y in weft.data.progress(weft.data.prefetch(feed), f"epoch {n + 1}", total=len(feed)):
        params, state, loss = step(params, state, x, y)
    right = np.asarray(predict(params, unseen.reshape(-1, 28, 28, 1))).argmax(1) == truth.argmax(1)
    print(f"epoch {n + 1}: loss of the last batch {float(loss):.3f}, accuracy on {len(right)} unseen digits {right.mean():.4f}")
