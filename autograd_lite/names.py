"""Names by themselves: what the program's variables call a node.

After ``q = x + y`` that node is `q`, for whoever draws or explains it there. Names are looked up when they are asked
for, in the frame that called this package, and belong to that one picture; `label` writes them down for good.
A node's own label always wins.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, FunctionType, ModuleType
from typing import Any

from .numerics.ieee import PACKAGE
from .value import Value

MOST_ELEMENTS = 100_000  # a container of more is data, not a handful of parameters: it is not searched
DEEPEST = 8  # brackets in a name: of more it is no name


def label(namespace: Mapping[str, object]) -> None:
    """Label every Value in a namespace that has no label yet: ``label(locals())``.

    Variables come first, then what lies in lists, tuples, dicts, NumPy's object arrays and the attributes of objects
    (``w[0]``, ``p['bias']``, ``net.b``, ``net.w[1]``). Of two names the one bound first is taken; names that begin with
    an underscore and IPython's ``Out`` are passed over. TypeError for anything but a namespace.

    >>> x, w = Value(3.0), [Value(1.0), Value(2.0)]
    >>> label(locals())
    >>> x, w[1]
    (Value(x=3.0), Value(w[1]=2.0))
    """
    if not isinstance(namespace, Mapping):
        raise TypeError(f"label: expected a namespace, as in label(locals()), got {type(namespace).__name__}")
    for name, node in _bindings([namespace]):
        if not node.label:
            node.label = name


def names_of(nodes: Iterable[Value], names: bool | Mapping[str, object] = True) -> dict[Value, str]:
    """The names of those of the `nodes` that have no label; the nodes themselves stay as they are.

    Args:
        nodes: one graph; a name that is the label of one of them is given to no other.
        names: a namespace to look in; True for the variables of whoever called this package; False for none.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> names_of([x, y]) == names_of([x, y], locals()) == {x: "x", y: "y"}
    True
    >>> names_of([x, y], False), x.label
    ({}, None)
    """
    if names is False:
        return {}
    nodes = list(nodes)
    taken = {node.label for node in nodes}
    missing = {node for node in nodes if not node.label}
    if not missing:
        return {}
    found: dict[Value, str] = {}
    for name, node in _bindings(_caller() if names is True else [names]):
        if node in missing and name not in taken:
            found[node] = name
            missing.remove(node)
            if not missing:
                break
    return found


# ---- where to look ---------------------------------------------------------------------------------------------------

_DISPLAYS = {"IPython", "ipykernel", "traitlets", "decorator", "rich"}  # they show what a cell, further out, has made


def _caller() -> list[Mapping[str, object]]:
    """The namespaces of the innermost frame that is neither this package's nor a display's: locals, then globals."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and _passed_over(frame):
        frame = frame.f_back
    if frame is None:
        return []
    inner, outer = frame.f_locals, frame.f_globals
    if inner is outer:
        return [inner]
    return [inner, {name: thing for name, thing in outer.items() if name not in inner}]


def _passed_over(frame: FrameType) -> bool:
    if frame.f_code.co_filename.startswith(PACKAGE):
        return True
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _DISPLAYS


# ---- what is bound there ---------------------------------------------------------------------------------------------


def _bindings(namespaces: list[Mapping[str, object]]) -> Iterator[tuple[str, Value]]:
    """Each name with its Value: variables first, then what lies inside of them, in the order they were bound."""
    variables = [
        (name, thing)
        for namespace in namespaces
        for name, thing in namespace.items()
        if isinstance(name, str) and name.isidentifier() and not name.startswith("_")
    ]
    for name, thing in variables:
        if isinstance(thing, Value):
            yield name, thing
    seen: set[int] = set()
    for name, thing in variables:
        if name not in ("In", "Out"):
            yield from _inside(name, thing, seen)


def _inside(name: str, thing: object, seen: set[int]) -> Iterator[tuple[str, Value]]:
    stack = [_elements(name, thing) or _attributes(name, thing)]
    seen.add(id(thing))  # a list may be in itself
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            continue
        path, element = found
        if isinstance(element, Value):
            yield path, element
        elif id(element) not in seen and len(stack) < DEEPEST:
            elements = _elements(path, element)
            if elements is not None:
                seen.add(id(element))
                stack.append(elements)


def _elements(name: str, thing: Any) -> Iterator[tuple[str, object]] | None:
    """What may be or hold a Value in a container, each with its name; None if `thing` is no container."""
    if isinstance(thing, (list, tuple)) and len(thing) <= MOST_ELEMENTS:
        return ((f"{name}[{i}]", element) for i, element in enumerate(thing) if not isinstance(element, _PLAIN))
    if isinstance(thing, dict) and len(thing) <= MOST_ELEMENTS:
        return ((f"{name}[{key!r}]", element) for key, element in thing.items() if type(key) in (str, int))
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(thing, numpy.ndarray) and thing.dtype == object and thing.size <= MOST_ELEMENTS:
        return ((f"{name}[{', '.join(map(str, at)) or '()'}]", thing[at]) for at in numpy.ndindex(thing.shape))
    return None


_PLAIN = (float, int, str, bytes, type(None))


# What was asked about a graph names nothing in it.
_ANSWERS = tuple(f"{__package__}.{room}" for room in ("explain", "drawing"))


def _attributes(name: str, thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, (ModuleType, FunctionType, type, Value)) or type(thing).__module__.startswith(_ANSWERS):
        return
    for attribute, value in list(getattr(thing, "__dict__", {}).items()):
        if isinstance(attribute, str) and not attribute.startswith("_"):
            yield f"{name}.{attribute}", value
    for kind in type(thing).__mro__:
        for slot in getattr(kind, "__slots__", ()):
            if slot in kind.__dict__ and not slot.startswith("_") and hasattr(thing, slot):
                yield f"{name}.{slot}", getattr(thing, slot)
