"""Small models, each of one thing that a derivation has to write."""

from collections.abc import Callable

import numpy as np

import minigrad as mg

MODELS: dict[str, Callable[[], mg.Tensor]] = {}


def leaf(name: str, *shape: int) -> mg.Tensor:
    data = np.random.default_rng(sum(map(ord, name))).uniform(0.5, 2, size=shape)
    return mg.tensor(data, requires_grad=True, name=name)


def model(f: Callable[[], mg.Tensor]) -> Callable[[], mg.Tensor]:
    MODELS[f.__name__] = f
    return f


@model
def unnamed_layer() -> mg.Tensor:
    W, x = leaf("W", 4, 5), leaf("x", 4, 6)
    h = mg.tanh(W.T @ x).named("h")
    return (h * h).sum()


@model
def softmax_of_rows() -> mg.Tensor:
    return (mg.softmax(leaf("X", 3, 4), axis=1).named("P") ** 2).sum()


@model
def sum_of_all() -> mg.Tensor:
    return leaf("X", 3, 4).sum().named("y") ** 2


@model
def largest_of_columns() -> mg.Tensor:
    return (leaf("X", 3, 4).max(axis=0).named("y") ** 2).sum()


@model
def mean_of_many_axes() -> mg.Tensor:
    return (leaf("X", 2, 3, 4).mean(axis=2).named("y") ** 2).sum()


@model
def sum_of_many_axes() -> mg.Tensor:
    return (leaf("X", 2, 3, 4).sum(axis=(0, 2)).named("y") ** 2).sum()


@model
def side_by_side() -> mg.Tensor:
    joined = mg.concatenate([leaf("a", 2, 3), leaf("b", 2, 2)], axis=1).named("c")
    return (joined * joined).sum()


@model
def batched_product() -> mg.Tensor:
    return (mg.tanh(leaf("A", 2, 3, 4) @ leaf("W", 4, 5)).named("h") ** 2).sum()


@model
def squares_times_vector() -> mg.Tensor:
    return ((leaf("A", 4, 4) ** 2 @ leaf("w", 4)).named("y") ** 2).sum()


@model
def batched_queries() -> mg.Tensor:
    return ((leaf("S", 2, 5, 3) @ leaf("q", 2, 3)[:, :, None]).named("e") ** 2).sum()


@model
def softmax_of_scaled_column() -> mg.Tensor:
    return (mg.softmax(leaf("l", 4, 1) / leaf("tau"), axis=0).named("z") ** 3).sum()


@model
def permuted_axes() -> mg.Tensor:
    return (leaf("X", 2, 3, 4).transpose(1, 0, 2).named("Y") ** 2).sum()


@model
def batched_attention() -> mg.Tensor:
    S = (leaf("Q", 2, 5, 4) @ leaf("K", 2, 5, 4).mT).named("S")
    return ((mg.softmax(S, axis=-1).named("P") @ leaf("V", 2, 5, 3)) ** 2).sum()


@model
def squared_length() -> mg.Tensor:
    x = leaf("x", 5)
    return (x @ x).named("s") ** 2


@model
def matrix_and_vector() -> mg.Tensor:
    y = (leaf("W", 3, 5) @ leaf("x", 5)).named("y")
    return y @ y


@model
def vector_and_matrix() -> mg.Tensor:
    y = (leaf("x", 5) @ leaf("W", 5, 3)).named("y")
    return y @ y


@model
def quadratic_form() -> mg.Tensor:
    x = leaf("x", 5)
    return x @ leaf("A", 5, 5) @ x


@model
def cosine_similarity() -> mg.Tensor:
    a, b = leaf("a", 5), leaf("b", 5)
    return a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b))


@model
def entropy() -> mg.Tensor:
    p = leaf("p", 4)
    return -(p * np.log(p)).sum()


@model
def root_of_square() -> mg.Tensor:
    return np.sqrt(leaf("x", 4) ** 2).sum()


@model
def likelihood() -> mg.Tensor:
    x, mu, s = leaf("x", 5), leaf("mu"), leaf("s")
    return (0.5 * ((x - mu) / s) ** 2 + np.log(s)).sum()


@model
def clipped() -> mg.Tensor:
    return (mg.clip(leaf("x", 5), 0.7, 1.3).named("y") ** 2).sum()


@model
def hinge() -> mg.Tensor:
    labels = mg.tensor(np.array([1.0, -1.0, 1.0, 1.0, -1.0]), name="y")
    return mg.maximum(0, 1 - labels * leaf("m", 5)).mean()


@model
def softplus() -> mg.Tensor:
    return mg.softplus(leaf("x", 4)).named("y").sum()


@model
def decimals() -> mg.Tensor:
    y = (0.9 * leaf("x", 5) + 0.1).named("y")
    return (0.45 * y**2 + mg.sigmoid(1.702 * y)).sum()


@model
def power_of_a_number() -> mg.Tensor:
    return (leaf("a", 4) ** leaf("p")).sum()


@model
def whole_number() -> mg.Tensor:
    x = leaf("x", 5)
    return (mg.tensor(2, name="w") * x * x).sum()


@model
def rows_by_number() -> mg.Tensor:
    return (leaf("X", 4, 2)[np.array([0, 0, 3])].named("Y") ** 2).sum()


@model
def scalars() -> mg.Tensor:
    x = leaf("x")
    return ((x * leaf("y") + np.sin(x)).named("z")) ** 2


@model
def bias_of_rows() -> mg.Tensor:
    z = (leaf("X", 6, 4) @ leaf("W", 4, 3) + leaf("b", 3)).named("z")
    return (z * z).mean()


@model
def sum_of_product() -> mg.Tensor:
    return (leaf("A", 3, 4) @ leaf("B", 4, 2)).mean()


@model
def row_of_ones() -> mg.Tensor:
    return (leaf("v", 3, 1) @ np.ones((1, 4)) * leaf("A", 3, 4)).sum()


@model
def largest_of_rows() -> mg.Tensor:
    return (leaf("X", 4, 4).max(axis=1).named("y") ** 2).sum()


@model
def squares_of_rows() -> mg.Tensor:
    return ((leaf("X", 4, 4) ** 2).sum(axis=1).named("y") ** 2).sum()


@model
def columns_scaled() -> mg.Tensor:
    return (leaf("X", 4, 4) / leaf("c", 4)[:, None]).sum()


@model
def means_of_columns() -> mg.Tensor:
    return (leaf("X", 4, 3).mean(axis=0).named("y") ** 2).sum()


@model
def new_axes() -> mg.Tensor:
    return ((leaf("X", 2, 5)[None, :, 1:4] * leaf("K", 3, 2)[:, :, None]).sum(axis=1) ** 2).sum()


@model
def mixture() -> mg.Tensor:
    a = leaf("a", 3)
    return mg.logsumexp(mg.log_softmax(a) - leaf("x", 5, 1) * leaf("m", 3), axis=1).sum()


@model
def log_of_sum_of_exp() -> mg.Tensor:
    X = leaf("X", 4, 4)
    return mg.logsumexp(X, axis=1).sum() - X[0, 1]


@model
def exponential_of_log_softmax() -> mg.Tensor:
    return (mg.log_softmax(leaf("x", 4)) ** 2).sum()


@model
def rows_taken() -> mg.Tensor:
    return -leaf("E", 5, 3)[mg.tensor(np.array([0, 3, 3]), name="words")].sum()


def flow_of(name: str) -> mg.GradientFlow:
    return mg.gradient_flow(MODELS[name]().named("J"))
