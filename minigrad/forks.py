"""Forks of a process while others of its threads are at work.

A child process has one thread, the one that forked. What another was doing is left undone in it,
and a lock that another held is never free again.
"""

import os
import threading
from collections.abc import Callable


def forkable_lock() -> threading.Lock:
    """A lock, for short work, that a fork waits for: no child finds it held."""
    lock = threading.Lock()
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
    return lock


def in_each_child(mend: Callable[[], None]) -> Callable[[], None]:
    """Let a function be called at the start of every child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=mend)
    return mend
