"""The whole table: imported when a function is asked for that not every program needs."""

import importlib

from minigrad.operation import operation

__all__ = ["ROOMS", "operation"]

ROOMS = (
    "moving",
    "joining",
    "ordering",
    "statistics",
    "functions",
    "ufuncs",
    "matrices",
    "products",
    "linalg",
    "factors",
    "norms",
)

for _room in ROOMS:
    importlib.import_module(f"minigrad.operations.{_room}")
