"""Models of scikit-learn as skl2onnx exports them: perceptrons, and classifiers whose labels are strings."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

from .host_models import same
from .single import run_model

pytestmark = pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
X = X.astype(np.float32)


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(hidden_layer_sizes=(12,), max_iter=60, random_state=0, **options)


def run_both(model: Any, x: np.ndarray, options: dict[str, Any] | None = None) -> list[np.ndarray]:
    """The results of an exported model, which interpreter and compiled code agree on."""
    exported = to_onnx(model, X[:1], options={id(model): options} if options else None, target_opset=17)
    module = from_model(exported)
    wanted = evaluate(module, x)
    got = VM(threads=1).load(weft.compile(module))["main"](x)
    got = list(got) if isinstance(got, tuple) else [got]
    same(got, wanted)
    return got


def matrix(scores: Any) -> np.ndarray:
    """Scores by class label for each row, as a matrix in the order of the labels."""
    return np.array([[row[label] for label in sorted(row)] for row in scores]) if isinstance(scores, list) else scores


@pytest.mark.parametrize("options", [None, {"zipmap": False}, {"zipmap": "columns"}], ids=["zipmap", "matrix", "columns"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_classifier(activation: str, options: dict[str, Any] | None) -> None:
    model = classifier(activation=activation).fit(X, Y)
    labels, *scores = run_both(model, X[::3], options)
    assert np.array_equal(labels, model.predict(X[::3]))
    columns = np.stack(scores, 1) if len(scores) > 1 else matrix(scores[0])
    np.testing.assert_allclose(columns, model.predict_proba(X[::3]), rtol=1e-3, atol=1e-5)


def test_two_classes_with_labels_of_their_own() -> None:
    y = np.where(Y == 0, 7, 3)
    model = classifier().fit(X, y)
    labels, scores = run_both(model, X[::5])
    assert np.array_equal(labels, model.predict(X[::5]))
    assert list(scores[0]) == [3, 7]
    np.testing.assert_allclose(matrix(scores), model.predict_proba(X[::5]), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("make", [StandardScaler, MinMaxScaler, Normalizer])
def test_pipeline(make: Callable[[], Any]) -> None:
    model = make_pipeline(make(), classifier()).fit(X, Y)
    labels, scores = run_both(model, X[::3])
    assert np.array_equal(labels, model.predict(X[::3]))
    np.testing.assert_allclose(matrix(scores), model.predict_proba(X[::3]), rtol=1e-3, atol=1e-5)


def test_regressor() -> None:
    model = MLPRegressor(hidden_layer_sizes=(8, 8), max_iter=60, random_state=0).fit(X, Y)
    (values,) = run_both(model, X[::3])
    np.testing.assert_allclose(values[:, 0], model.predict(X[::3]), rtol=1e-3, atol=1e-4)


def test_regressor_of_several_values() -> None:
    """skl2onnx writes them one below the other, into a single column; so do we."""
    model = MLPRegressor(hidden_layer_sizes=(8, 8), max_iter=60, random_state=0).fit(X, np.stack([Y, X[:, 0]], 1))
    (values,) = run_both(model, X[::3])
    np.testing.assert_allclose(values.reshape(-1, 2), model.predict(X[::3]), rtol=1e-3, atol=1e-4)


def test_several_labels_at_once() -> None:
    """skl2onnx puts the scores against each label before those for it."""
    model = classifier().fit(X, np.stack([Y > 0, Y > 1], 1).astype(np.int64))
    labels, scores = run_both(model, X[::3], {"zipmap": False})
    assert np.array_equal(labels, model.predict(X[::3]))
    np.testing.assert_allclose(scores[:, 2:], model.predict_proba(X[::3]), rtol=1e-3, atol=1e-5)


NAMES = np.array(["setosa", "versicolor", "virginica"])


@pytest.mark.parametrize(
    "make",
    [
        classifier,
        LogisticRegression,
        RandomForestClassifier,
        GradientBoostingClassifier,
        lambda: SVC(probability=True),
        KNeighborsClassifier,
    ],
    ids=["perceptron", "logistic", "forest", "boosting", "svm", "neighbours"],
)
def test_labels_that_are_strings(make: Callable[[], Any]) -> None:
    model = make().fit(X, NAMES[Y])
    labels, scores = run_both(model, X[::3])
    assert labels.tolist() == model.predict(X[::3]).tolist()
    assert list(scores[0]) == NAMES.tolist()
    np.testing.assert_allclose(matrix(scores), model.predict_proba(X[::3]), rtol=1e-3, atol=1e-4)


def test_texts() -> None:
    """Strings all the way: categories as features, names as labels."""
    rows = np.array([["red", "round"], ["green", "long"], ["red", "long"], ["blue", "round"]] * 3, object)
    names = np.array(["apple", "cucumber", "pepper", "plum"] * 3)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(rows, names)
    exported = to_onnx(model, initial_types=[("x", StringTensorType([None, 2]))], target_opset=17)
    module = from_model(exported)
    given = np.vstack([rows[:4], [["pink", "round"]]])
    results = evaluate(module, given)
    same(list(VM(threads=1).load(weft.compile(module))["main"](given)), results)
    assert results[0].tolist() == model.predict(given).tolist()
    np.testing.assert_allclose(matrix(results[1]), model.predict_proba(given), rtol=1e-3, atol=1e-5)


CLASSIFIERS = [
    RandomForestClassifier(9, random_state=0),
    GradientBoostingClassifier(n_estimators=7, random_state=0),
    DecisionTreeClassifier(random_state=0),
    AdaBoostClassifier(n_estimators=3, random_state=0),
    SVC(),
    SVC(kernel="poly"),
    SVC(kernel="sigmoid"),
    LinearSVC(random_state=0),
    LogisticRegression(max_iter=500),
    GaussianNB(),
    KNeighborsClassifier(3),
    make_pipeline(StandardScaler(), PCA(3), RandomForestClassifier(5, random_state=0)),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers(model: Any, classes: int) -> None:
    model = model.fit(X[classes > Y], Y[classes > Y])
    exported = to_onnx(model, X[:1], options=None if isinstance(model, LinearSVC) else {"zipmap": False}, target_opset=17)
    labels, scores = run_model(exported, X[::4], rtol=1e-3, atol=1e-4)
    assert (labels == model.predict(X[::4])).mean() > 0.98  # a vote may be a tie, a score the same but for rounding
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(scores, model.predict_proba(X[::4]), rtol=1e-3, atol=1e-4)


REGRESSORS = [
    RandomForestRegressor(9, random_state=0),
    GradientBoostingRegressor(n_estimators=7, random_state=0),
    ExtraTreesRegressor(5, random_state=0),
    SVR(),
    SVR(kernel="poly", degree=2),
    LinearRegression(),
]


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda m: type(m).__name__)
def test_regressors(model: Any) -> None:
    model = model.fit(X[:, :3], X[:, 3])
    exported = to_onnx(model, X[:1, :3], target_opset=17)
    (values,) = run_model(exported, X[::4, :3], rtol=1e-3)
    np.testing.assert_allclose(values[:, 0], model.predict(X[::4, :3]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("strategy", ["mean", "most_frequent"])
def test_missing_values(strategy: str) -> None:
    holes = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.float32(np.nan), X)
    model = SimpleImputer(strategy=strategy).fit(holes)
    (values,) = run_model(to_onnx(model, X[:1], target_opset=17), holes)
    np.testing.assert_allclose(values, model.transform(holes), rtol=1e-5)
