"""A transformer that learns to write like Python's reference manual, letter by letter: python transformer.py [steps]"""

import sys
from pydoc_data.topics import topics

import numpy as np
import weft
from weft import nn
from weft import numpy as wnp

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 400
WIDTH, HEADS, LAYERS, TOKENS = 128, 4, 2, 64

text = "\n".join(topics[name] for name in sorted(topics))[:200_000]
letters = sorted(set(text))
codes = np.array([letters.index(c) for c in text], np.int32)
keys = iter(weft.random.split(weft.random.key(0), 4 + 4 * LAYERS))


normal = lambda *shape: weft.random.normal(next(keys), shape) / shape[0] ** 0.5  # noqa: E731
params = {
    "letters": normal(len(letters), WIDTH), "places": normal(TOKENS, WIDTH) / 8, "out": normal(WIDTH, len(letters)),
    "layers": [
        {"qkv": normal(WIDTH, 3 * WIDTH), "o": normal(WIDTH, WIDTH), "up": normal(WIDTH, 4 * WIDTH), "down": normal(4 * WIDTH, WIDTH)}
        for _ in range(LAYERS)
    ],
}  # fmt: skip
optimizer = weft.optim.adamw(weft.optim.warmup(20, weft.optim.cosine_schedule(3e-3, STEPS)))
state = optimizer.init(params)


def logits(p, x):
    batch, length = x.shape
    h = nn.embedding(p["letters"], x) + p["places"][:length]
    for layer in p["layers"]:
        qkv = (nn.rms_norm(h) @ layer["qkv"]).reshape((batch, length, 3, HEADS, WIDTH // HEADS))
        q, k, v = (wnp.transpose(qkv[:, :, i], (0, 2, 1, 3)) for i in range(3))
        heads = wnp.transpose(nn.attention(q, k, v, causal=True), (0, 2, 1, 3))
        h = h + heads.reshape((batch, length, WIDTH)) @ layer["o"]
        h = h + nn.gelu(nn.rms_norm(h) @ layer["up"], approximate=True) @ layer["down"]
    return nn.rms_norm(h) @ p["out"]


@weft.function(donate=("params", "state"))
def step(params, state, x, y):
    loss, grads = weft.value_and_grad(lambda p: nn.cross_entropy(logits(p, x), y))(params)
    return *optimizer.update(params, weft.optim.clip_by_global_norm(grads, 1.0), state), loss


rng = np.random.default_rng(0)
for n in range(STEPS):
    rows = codes[rng.integers(0, len(codes) - TOKENS, 16)[:, None] + np.arange(TOKENS + 1)]
    params, state, loss = step(params, state, rows[:, :-1], rows[:, 1:])
    if n % 50 == 0 or n == STEPS - 1:
        print(f"step {n:4}: loss {float(loss):.3f}")
predict, written = weft.function(logits), codes[:TOKENS].tolist()
for _ in range(min(STEPS, 60)):
    written.append(int(np.asarray(predict(params, np.array([written[-TOKENS:]], np.int32)))[0, -1].argmax()))
print("".join(letters[c] for c in written))
