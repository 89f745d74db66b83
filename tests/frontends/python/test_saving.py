"""Functions and states in files."""

from pathlib import Path

import numpy as np
import pytest
import weft
from weft import numpy as wnp
from weft.vm import VM


def test_a_function_with_signatures_is_saved_loaded_and_compiled(tmp_path: Path) -> None:
    scale = weft.Variable(np.float32(2), "scale")
    w = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)

    @weft.function
    def predict(x: weft.Tensor) -> weft.Tensor:
        return wnp.tanh(x @ w) * scale.value

    path = tmp_path / "model.weft"
    weft.save(path, predict, signatures={"any": [weft.Spec(("batch", 4))], "one": [weft.Spec((1, 4))]})
    program = VM().load(weft.compile(weft.load(path)))
    for n in (1, 5):
        x = np.ones((n, 4), np.float32)
        np.testing.assert_allclose(program["any"](x), np.tanh(x @ w) * 2, rtol=1e-5)
    np.testing.assert_allclose(program["one"](np.ones((1, 4), np.float32)), np.tanh(np.ones((1, 4)) @ w) * 2, rtol=1e-5)
    with pytest.raises(weft.WeftError, match="is saved for the signatures"):
        weft.save(path, predict)


def test_states(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    v = weft.Variable(np.arange(3.0), "v")
    weft.save_state(path, {"w": wnp.ones((2, 3)), "v": v, "epoch": 4, "rest": [np.int8(3), (True,)]})
    v.assign(np.zeros(3))
    like = {"w": wnp.zeros((2, 3)), "v": v, "epoch": 0, "rest": [np.int8(0), (False,)]}
    found = weft.load_state(path, like)
    assert found["epoch"] == 4
    assert found["rest"] == [3, (True,)]
    assert found["v"] is v
    np.testing.assert_array_equal(v.array, [0, 1, 2])
    np.testing.assert_array_equal(np.asarray(found["w"]), np.ones((2, 3)))


def test_states_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    weft.save_state(path, {"w": wnp.ones((2, 3)), "b": wnp.ones((3,))})
    with pytest.raises(weft.WeftError) as caught:
        weft.load_state(path, {"w": wnp.ones((2, 4)), "c": wnp.ones((3,))})
    text = str(caught.value)
    assert "`state['w']` is f32[2, 3] in the file, f32[2, 4] is wanted" in text
    assert "no `state['c']`" in text
    assert "has `state['b']`" in text
    data = bytearray(path.read_bytes())
    data[data.index(np.ones(6, np.float32).tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(weft.WeftError, match="SHA-256"):
        weft.load_state(path, {"w": wnp.ones((2, 3)), "b": wnp.ones((3,))})
