"""Threads that wait for work.

To hand a task over costs a few microseconds, and nobody is told of its end who does not ask: over rows a call is done
when its last row is, whatever the thread that did it is at by then. (To tell of it, as `concurrent.futures` does, takes
the interpreter from the caller for a tenth of a millisecond.)
"""

from __future__ import annotations

import functools
import os
import queue
import threading
from collections.abc import Callable
from typing import Any


class Task:
    """A call that another thread makes."""

    __slots__ = ("_args", "_begun", "_done", "_function", "error")

    def __init__(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._begun = threading.Lock()  # held from then on
        self._done = threading.Lock()  # held until then
        self._done.acquire()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Make the call, unless it has been called off."""
        if self._begun.acquire(blocking=False):
            try:
                self._function(*self._args)
            except BaseException as error:
                self.error = error
            finally:
                self._done.release()

    def end(self) -> None:
        """Wait until it is done; one that has not begun never will."""
        if not self._begun.acquire(blocking=False):
            with self._done:
                pass


class ThreadPool:
    """Threads, at most so many; each begins when there is more to do than those who wait can do.

    >>> found = []
    >>> task = ThreadPool(2).begin(found.append, 3)
    >>> task.end()
    >>> task.error, found in ([], [3])
    (None, True)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._threads = 0
        self._free = 0  # threads that wait, less tasks that wait
        self._lock = threading.Lock()

    def begin(self, function: Callable[..., object], *args: Any) -> Task:
        """Let another thread make the call as soon as it can."""
        task = Task(function, args)
        with self._lock:
            self._free -= 1
            if self._free < 0 and self._threads < self._most:
                self._free += 1
                self._threads += 1
                threading.Thread(target=self._serve, name=f"autograd_lite-{self._threads}", daemon=True).start()
        self._tasks.put(task)
        return task

    def _serve(self) -> None:
        while True:
            task = self._tasks.get()
            task.run()
            del task  # and what it keeps
            with self._lock:
                self._free += 1


def thread_pool() -> ThreadPool:
    """The pool of this process: a forked one has none of its parent's threads."""
    return _thread_pool(os.getpid())


@functools.cache
def _thread_pool(process: int) -> ThreadPool:
    return ThreadPool(4 * max(os.cpu_count() or 1, 2))


__all__ = ["Task", "ThreadPool", "thread_pool"]
