"""Compare the results of a run on the held-out digits with what the maker of the model recorded.

    python check.py FOLDER        a folder with `output_label.npy` and `output_probability.json`, as `weft run --output FOLDER` writes them

Exits with 1 if a prediction differs from scikit-learn's, or the accuracy does.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SHADES = " .:-=+*#%@"


def drawn(image: np.ndarray) -> list[str]:
    """An image of 8×8 intensities 0…16 as 8 lines of text, two characters for each pixel."""
    return ["".join(2 * SHADES[round(v / 16 * (len(SHADES) - 1))] for v in row) for row in image.reshape(8, 8)]


def show(images: np.ndarray, captions: list[str]) -> None:
    """Print images side by side, each over its caption."""
    for line in zip(*map(drawn, images), strict=True):
        print("   " + "  ".join(line))
    print("   " + "  ".join(f"{c:^16}" for c in captions) + "\n")


def main() -> int:
    """Print what was found; the exit status."""
    results = Path(sys.argv[1])
    images, labels = np.load(HERE / "images.npz")["images"], np.load(HERE / "labels.npy")
    recorded = json.loads((HERE / "recorded.json").read_text())
    predictions = np.load(results / "output_label.npy")
    # One map from label to probability for every image.
    maps = json.loads((results / "output_probability.json").read_text())
    scores = np.array([[m[str(label)] for label in range(10)] for m in maps], np.float32)
    if len(predictions) != len(labels):
        print(f"{len(predictions)} predictions for {len(labels)} images")
        return 1

    right = predictions == labels
    chosen = np.flatnonzero(right)[:5]
    print("Recognised:")
    show(images[chosen], [f"{predictions[i]} ({scores[i].max():.0%})" for i in chosen])
    chosen = np.flatnonzero(~right)[:5]
    print("Mistaken:")
    show(images[chosen], [f"{predictions[i]} ({scores[i].max():.0%}), is {labels[i]}" for i in chosen])

    different = np.flatnonzero(predictions != recorded["predictions"])
    print(f"accuracy on {len(labels)} held-out images: weft {right.mean():.4f}, recorded by the model's maker {recorded['accuracy']:.4f}")
    print(f"predictions as the maker's ({recorded['maker']}): {len(labels) - len(different)} of {len(labels)}")
    if len(different) or right.mean() != recorded["accuracy"]:
        print("The compiled model is NOT the one that was saved; images with other predictions:", *different[:20])
        return 1
    print("The compiled model predicts what the saved one did.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
