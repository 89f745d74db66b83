"""Train the classifier of the demo and record what scikit-learn itself says of it.

    python examples/digits/make_model.py

writes, beside this file: `digits.onnx` (the trained pipeline), `images.npz` and `labels.npy` (the part of scikit-learn's digits it has
never seen) and `recorded.json` (its accuracy and its predictions there, measured by scikit-learn). All four are checked in; run it again
only to change the demo. Needs scikit-learn and skl2onnx.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


def main() -> None:
    """Train, measure, write."""
    images, labels = load_digits(return_X_y=True)
    train, held_out, train_labels, held_out_labels = train_test_split(
        images.astype(np.float32), labels, test_size=0.25, stratify=labels, random_state=0
    )
    classifier = make_pipeline(StandardScaler(), MLPClassifier((64, 32), max_iter=200, random_state=0))
    classifier.fit(train, train_labels)
    model = to_onnx(classifier, initial_types=[("images", FloatTensorType([None, images.shape[1]]))], target_opset=17)
    recorded = {
        "maker": f"scikit-learn {sklearn.__version__}: StandardScaler, MLPClassifier((64, 32))",
        "trained_on": len(train),
        "held_out": len(held_out),
        "accuracy": classifier.score(held_out, held_out_labels),
        "predictions": classifier.predict(held_out).tolist(),
    }
    (HERE / "digits.onnx").write_bytes(model.SerializeToString())
    np.savez_compressed(HERE / "images.npz", images=held_out)
    np.save(HERE / "labels.npy", held_out_labels.astype(np.uint8))
    (HERE / "recorded.json").write_text(json.dumps(recorded) + "\n")
    print(f"accuracy on {len(held_out)} held-out images: {recorded['accuracy']:.4f}")


if __name__ == "__main__":
    main()
