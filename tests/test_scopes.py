"""Scopes: settings of a block, nested, decorating every kind of function, and each thread's and task's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from autograd_lite import Value, group, no_grad, recording


def test_no_grad_records_nothing() -> None:
    x = Value(3.0, "x")
    with no_grad():
        y = x * x + 2
        with recording.recording():
            z = x * x
        w = -y
    assert (y.data, y.parents, w.parents) == (11.0, (), ())
    assert z.parents == (x, x)
    assert (x * x).parents == (x, x)
    y.backward()
    assert not x.reached


def test_no_grad_keeps_memory_flat() -> None:
    import tracemalloc

    x = Value(1.0)
    with no_grad():
        y = x + 1e-9
        tracemalloc.start()
        for _ in range(10_000):
            y = y * 1.0 + x
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert taken < 10_000


def test_groups_nest_and_name_what_is_made_in_them() -> None:
    with group("a"):
        x = Value(1.0)
        with group("b"):
            y = x * 2
        z = y + 1
    assert (x.group, y.group, z.group, (z * 2).group) == (("a",), ("a", "b"), ("a",), ())
    assert y.parents[1].group == ("a", "b")  # the constant belongs in the box too
    with pytest.raises(TypeError, match="a group's name is a str, not int 1"):
        group(1)  # type: ignore[arg-type]


def test_scopes_decorate_functions_coroutines_and_generators() -> None:
    @group("f")
    def f() -> Value:
        return Value(1.0) * 2

    @group("co")
    async def co() -> Value:
        await asyncio.sleep(0)
        return Value(1.0) * 2

    @group("gen")
    def gen() -> Iterator[Any]:
        try:
            got = yield Value(1.0) * 2
            try:
                yield got, (Value(1.0) * 2).group
            except KeyError:
                yield "thrown", (Value(1.0) * 2).group
        finally:
            ended.append((Value(1.0) * 2).group)

    ended: list[tuple[str, ...]] = []
    assert f().group == ("f",)
    assert asyncio.run(co()).group == ("co",)
    steps: Any = gen()
    assert next(steps).group == ("gen",)
    assert Value(1.0).group == ()  # between its steps, the caller's own
    assert steps.send(5) == (5, ("gen",))
    assert steps.throw(KeyError("k")) == ("thrown", ("gen",))
    steps.close()
    assert ended == [("gen",)]
    assert list(gen())[1] == (None, ("gen",))
    assert recording.open_scopes == []


def test_an_exception_leaves_a_scope_clean() -> None:
    @no_grad()
    def broken() -> None:
        raise KeyError("k")

    with pytest.raises(KeyError), group("a"):
        broken()
    assert (Value(1.0) * 2).group == ()
    assert recording.is_recording()
    assert recording.open_scopes == []


def test_tasks_and_threads_have_scopes_of_their_own() -> None:
    async def task(name: str) -> list[tuple[str, ...]]:
        found = []
        with group(name):
            for _ in range(5):
                found.append((Value(1.0) * 2).group)
                await asyncio.sleep(0)
        return found

    async def both() -> list[Any]:
        return await asyncio.gather(task("a"), task("b"))

    assert asyncio.run(both()) == [[("a",)] * 5, [("b",)] * 5]

    found: dict[str, Any] = {}
    start = threading.Barrier(2)

    def thread(name: str) -> None:
        start.wait()
        for _ in range(200):
            with group(name), no_grad():
                found.setdefault(name, set()).add((Value(1.0).group, (Value(1.0) * 2).parents))

    threads = [threading.Thread(target=thread, args=(name,)) for name in "ab"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == {name: {((name,), ())} for name in "ab"}
    assert recording.open_scopes == []


def test_one_scope_may_be_entered_again_and_by_many() -> None:
    scope = group("a")

    async def task() -> tuple[str, ...]:
        with scope, scope:
            await asyncio.sleep(0)
            return Value(1.0).group

    async def many() -> list[tuple[str, ...]]:
        return await asyncio.gather(*(task() for _ in range(3)))

    assert asyncio.run(many()) == [("a", "a")] * 3
