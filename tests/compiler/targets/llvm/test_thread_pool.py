"""Threads that wait for work: they do it once, keep nothing, and are no more than they may be."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import pytest

from autograd_lite.compiler.targets.llvm.thread_pool import ThreadPool


def until(condition: Any) -> bool:
    """Whether it comes to hold within ten seconds."""
    for _ in range(10_000):
        if condition():
            return True
        time.sleep(0.001)
    return False


def test_every_task_is_done_once_by_threads_that_are_used_again() -> None:
    thread_pool, found, names = ThreadPool(3), [], set()

    def work(i: int) -> None:
        found.append(i)
        names.add(threading.current_thread().name)

    for i in range(500):
        task = thread_pool.begin(work, i)
        if i % 7 == 0:
            assert until(lambda: i in found)  # noqa: B023
        task.end()
        assert task.error is None
    assert sorted(found) == sorted(set(found))
    assert len(found) >= 500 // 7
    assert 1 <= len(names) <= 3


def test_a_task_that_has_not_begun_is_called_off_and_one_that_has_is_waited_for() -> None:
    thread_pool, gate, found = ThreadPool(1), threading.Event(), []

    def first() -> None:
        gate.wait(10)
        found.append("first")

    busy = threading.Event()
    begun = thread_pool.begin(lambda: (busy.set(), first()))
    assert busy.wait(10)
    waiting = thread_pool.begin(found.append, "second")
    waiting.end()  # the only thread is busy
    assert found == []
    threading.Timer(0.05, gate.set).start()
    begun.end()
    assert found == ["first"]
    thread_pool.begin(found.append, "third")
    assert until(lambda: "third" in found)
    assert found == ["first", "third"]


def test_what_a_task_raises_is_kept_and_the_thread_goes_on() -> None:
    thread_pool, found = ThreadPool(1), []
    task = thread_pool.begin(lambda: 1 // 0)
    assert until(lambda: task.error is not None)
    with pytest.raises(ZeroDivisionError):
        raise task.error  # type: ignore[misc]
    thread_pool.begin(found.append, 1)
    assert until(lambda: found)


def test_a_thread_that_waits_keeps_nothing() -> None:
    class Thing:
        pass

    thread_pool, thing, ran = ThreadPool(1), Thing(), threading.Event()
    gone = weakref.ref(thing)
    thread_pool.begin(lambda thing: ran.set(), thing)
    del thing
    assert ran.wait(10)
    assert until(lambda: gone() is None)
