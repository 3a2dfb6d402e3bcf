"""Threads that wait for work: they do it once, keep nothing, and are no more than they may be."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import pytest

from autograd_lite.compiler.crew import Crew


def until(condition: Any) -> bool:
    """Whether it comes to hold within ten seconds."""
    for _ in range(10_000):
        if condition():
            return True
        time.sleep(0.001)
    return False


def test_every_task_is_done_once_by_threads_that_are_used_again() -> None:
    crew, found, names = Crew(3), [], set()

    def work(i: int) -> None:
        found.append(i)
        names.add(threading.current_thread().name)

    for i in range(500):
        task = crew.begin(work, i)
        if i % 7 == 0:
            assert until(lambda: i in found)  # noqa: B023
        task.end()
        assert task.error is None
    assert sorted(found) == sorted(set(found))
    assert len(found) >= 500 // 7
    assert 1 <= len(names) <= 3


def test_a_task_that_has_not_begun_is_called_off_and_one_that_has_is_waited_for() -> None:
    crew, gate, found = Crew(1), threading.Event(), []

    def first() -> None:
        gate.wait(10)
        found.append("first")

    busy = threading.Event()
    begun = crew.begin(lambda: (busy.set(), first()))
    assert busy.wait(10)
    waiting = crew.begin(found.append, "second")
    waiting.end()  # the only thread is busy
    assert found == []
    threading.Timer(0.05, gate.set).start()
    begun.end()
    assert found == ["first"]
    crew.begin(found.append, "third")
    assert until(lambda: "third" in found)
    assert found == ["first", "third"]


def test_what_a_task_raises_is_kept_and_the_thread_goes_on() -> None:
    crew, found = Crew(1), []
    task = crew.begin(lambda: 1 // 0)
    assert until(lambda: task.error is not None)
    with pytest.raises(ZeroDivisionError):
        raise task.error  # type: ignore[misc]
    crew.begin(found.append, 1)
    assert until(lambda: found)


def test_a_thread_that_waits_keeps_nothing() -> None:
    class Thing:
        pass

    crew, thing, ran = Crew(1), Thing(), threading.Event()
    gone = weakref.ref(thing)
    crew.begin(lambda thing: ran.set(), thing)
    del thing
    assert ran.wait(10)
    assert until(lambda: gone() is None)
