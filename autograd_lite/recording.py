"""What becomes of the nodes made in a block: `no_grad`, `group`, and the scopes in which derivatives are evaluated.

Also here is what the engine has to know of all graphs together: how many derivatives were begun, and the last backward
sweeps, for `explain`. State is kept by context, so a thread or a task has its own.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .coercion import short_label
from .scopes import Scope

if TYPE_CHECKING:
    from .value import Value

# Where gradients came from, for `explain`: the roots of the last sweeps, oldest first, with their seeds; None where a
# root's gradients were forgotten.
sweeps: deque[tuple[weakref.ref[Value], float | None]] = deque(maxlen=10_000)
sweeping = threading.Lock()  # held by the sweep whose adjoints stand on the nodes
adding = threading.Lock()  # held while a sweep adds its adjoints to `grad`
open_scopes: list[None] = []  # one for each `no_grad` and `group` open anywhere: while empty, recording asks no further
runs = 0  # how many derivatives of functions have been begun
_opening = threading.Lock()


def _after_fork() -> None:
    # A thread that held a lock while the process forked does not exist in the child.
    global sweeping, adding, _opening
    sweeping, adding, _opening = threading.Lock(), threading.Lock(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Recording(Scope):
    """What becomes of the nodes made in a block: whether they are recorded, and the groups they belong to."""

    __slots__ = ()

    variable = ContextVar("autograd_lite.recording", default=((True, ()), None))

    def __enter__(self) -> Any:
        open_scopes.append(None)
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        open_scopes.pop()


class no_grad(Recording):
    """Record nothing in this block: operations give Values without parents, as constants are. Also a decorator.

    For evaluating without gradients: memory stays flat. A derivative asked for inside, by `grad` and its like, is
    computed all the same, and comes back as a plain number.

    >>> from autograd_lite import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y, y.parents
    (Value(9.0), ())
    """

    __slots__ = ()

    def setting(self, outer: tuple[bool, tuple[str, ...]]) -> tuple[bool, tuple[str, ...]]:
        return False, outer[1]


class recording(Recording):
    """Record in this block, whatever the block outside does: what a derivative's own evaluation runs in."""

    __slots__ = ()

    def setting(self, outer: tuple[bool, tuple[str, ...]]) -> tuple[bool, tuple[str, ...]]:
        return True, outer[1]


class group(Recording):
    """Give the nodes made in this block to a group of that name: drawn as a box, or folded into one node.

    Groups nest: a node has the names of all it was made in, outermost first (`Value.group`). Also a decorator.
    TypeError unless the name is a str.

    >>> from autograd_lite import Value
    >>> with group("network"), group("layer 1"):
    ...     (Value(1.0) * 2).group
    ('network', 'layer 1')
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"a group's name is a str, not {type(name).__name__} {short_label(repr(name))}")
        self.name = name

    def setting(self, outer: tuple[bool, tuple[str, ...]]) -> tuple[bool, tuple[str, ...]]:
        return outer[0], (*outer[1], self.name)


class differentiating(Scope):
    """What the function of a derivative runs in, from its inputs on: copies of what is computed from them keep the
    path, as nodes on what they are copies of. Leaves from outside are copied as they are elsewhere.
    """

    __slots__ = ()

    # The number of derivatives begun when the outermost one here was.
    variable = ContextVar("autograd_lite.differentiating", default=(None, None))

    def setting(self, outer: int | None) -> int:
        return outer or next_run()


# While a compiler traces: what makes a number an input of a derivative in its program (`copied`), and writes loops
# (`scan`, `while_loop`, `stacked`). None while nothing is traced.
tracing: ContextVar[Any] = ContextVar("autograd_lite.tracing", default=None)


def next_run() -> int:
    """Begin the derivative of a function; a leaf made before has a lower `born` than this number.

    So a parameter from outside, which the derivative must keep its path to, is told from a leaf of the function's own.
    """
    global runs
    with _opening:
        runs += 1
        return runs


def is_recording() -> bool:
    """Whether operations are recorded here: not in a `no_grad` block."""
    return not open_scopes or bool(Recording.variable.get()[0][0])
