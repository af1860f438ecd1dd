"""Programs recorded as they run: arrays that say what is done with them, and where."""

from minigrad.recording.replay import record

__all__ = ["record"]
