"""The whole table: imported when a function is asked for that not every program needs."""

import importlib

ROOMS = ("moving",)

for _room in ROOMS:
    importlib.import_module(f"minigrad.operations.{_room}")
