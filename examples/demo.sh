#!/usr/bin/env bash
# Compile a trained classifier from the command line, run it on images it has never seen, compare with what its maker recorded.
set -eu -o pipefail
cd "$(dirname "$0")/digits"

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say() { printf '\n$ %s\n' "$*"; "$@"; }

echo "A multi-layer perceptron trained by scikit-learn on its handwritten digits, saved as ONNX: $(wc -c < digits.onnx) bytes."
say weft compile digits.onnx -o "$out/digits.weftx"
say weft run "$out/digits.weftx" --input images.npz --output "$out"
say python check.py "$out"
