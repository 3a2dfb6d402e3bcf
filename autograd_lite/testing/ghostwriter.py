"""A property test of a function and its gradient, written from its signature: ``autograd-lite write-test module:name``.

The test is a start, in the style of ``hypothesis write``: ranges and shapes are the author's to set. A gradient is
looked for beside the function, under the names that people give it.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

GRADIENTS = ("{}_grad", "{}_gradient", "grad_{}", "d{}", "{}_der", "{}_prime", "{}_jac")
_LIBRARIES = {"torch": "torch.tensor({}, dtype=torch.float64)", "jax": "jnp.asarray({})", "numpy": "np.array({})"}
_IMPORTS = {"torch": "import torch", "jax": "from jax import numpy as jnp", "numpy": "import numpy as np"}


def write_test(target: str) -> str:
    """The source of a test for ``module:function``; ValueError, saying what is wrong, if there is no such function.

    >>> print(write_test("autograd_lite.math:sin").splitlines()[-1])
        check_gradients(sin, x)
    """
    module, _, name = target.partition(":")
    if not name:
        raise ValueError(f"write-test takes module:function, got {target!r}: write package.module:function")
    sys.path.insert(0, os.getcwd())
    try:
        home = importlib.import_module(module)
        function = getattr(home, name)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no module {error.name!r} to be imported from here") from None
    except AttributeError:
        raise ValueError(f"the module {module!r} has no {name!r}") from None
    finally:
        sys.path.pop(0)
    gradient = next((g for form in GRADIENTS if callable(getattr(home, g := form.format(name), None))), None)
    return _test(module, name, _parameters(function), gradient, _library(function))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        found = [inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in found if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return needed or found[:1]


def _library(function: Callable[..., Any]) -> str | None:
    """The library whose arrays a function takes, if its module or its code names one."""
    used = {getattr(value, "__name__", "").partition(".")[0] for value in getattr(function, "__globals__", {}).values()}
    return next((name for name in _LIBRARIES if name in used), None)


def _test(
    module: str, name: str, parameters: list[inspect.Parameter], gradient: str | None, library: str | None
) -> str:
    arrays = [library is not None and _type(p) not in (float, int, bool, str) for p in parameters]
    numbers = "st.floats(-8.0, 8.0)"
    drawn = {float: numbers, int: "st.integers(0, 5)", bool: "st.booleans()", str: "st.text()"}
    kinds = {p.name: drawn.get(_type(p), numbers) for p in parameters}
    lists = [f"    {p.name}=st.lists({numbers}, min_size=2, max_size=5),  # the shape is yours to choose"
             if array else f"    {p.name}={kinds[p.name]}," for p, array in zip(parameters, arrays)]  # fmt: skip
    built = [
        _LIBRARIES[library].format(p.name) if array and library else p.name for p, array in zip(parameters, arrays)
    ]
    handed = f", gradient={gradient}" if gradient else ""
    names = ", ".join(sorted([name, *([gradient] if gradient else [])]))
    lines = [
        *([_IMPORTS[library]] if library and any(arrays) else []),
        "from hypothesis import given",
        "from hypothesis import strategies as st",
        "",
        f"from {module} import {names}",
        "from autograd_lite.testing import check_gradients",
        "",
        "",
        "@given(",
        *lists,
        ")",
        f"def test_gradient_of_{name}({', '.join(p.name for p in parameters)}):",
        f"    check_gradients({name}, {', '.join(built)}{handed})",
    ]
    if not gradient and library not in ("torch", "jax"):
        lines.insert(-1, f"    # {name} is differentiated by autograd_lite; of your own gradient: gradient={name}_grad")
    return "\n".join(lines) + "\n"


def _type(parameter: inspect.Parameter) -> Any:
    named = {"float": float, "int": int, "bool": bool, "str": str}
    return named.get(parameter.annotation, parameter.annotation)
