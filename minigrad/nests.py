"""Nests of dicts, lists and tuples, as in JAX: what holds the arrays of a model."""

from collections.abc import Callable
from typing import Any


def map_leaves(f: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply `f` to each leaf of a nest, and to the leaves at the same places of others like it."""
    if isinstance(tree, dict):
        if not others:
            return {key: map_leaves(f, x) for key, x in tree.items()}
        return {key: map_leaves(f, x, *(other[key] for other in others)) for key, x in tree.items()}
    if isinstance(tree, list | tuple):
        mapped = [map_leaves(f, *xs) for xs in zip(tree, *others, strict=True)]
        return type(tree)(*mapped) if hasattr(tree, "_fields") else type(tree)(mapped)
    return f(tree, *others)


def leaves(tree: Any) -> list[Any]:
    """All leaves of a nest, in order."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found
