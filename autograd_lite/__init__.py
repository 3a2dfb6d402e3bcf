"""autograd_lite: a scalar reverse-mode automatic-differentiation engine. See a gradient, trust it, run it fast."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from . import math
    from .compiler import compile
    from .control import interp, scan, take, while_loop
    from .derivatives import custom, grad, gradient, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp
    from .drawing import draw, plot
    from .names import label
    from .numerics.ieee import errstate
    from .recording import group, no_grad
    from .trees import register_pytree_node
    from .value import Value

__all__ = [
    "Value",
    "compile",
    "custom",
    "draw",
    "errstate",
    "grad",
    "gradient",
    "group",
    "hessian",
    "hvp",
    "interp",
    "jacobian",
    "jvp",
    "label",
    "math",
    "no_grad",
    "plot",
    "register_pytree_node",
    "scan",
    "stop_gradient",
    "take",
    "value_and_grad",
    "vjp",
    "while_loop",
]


_MODULES = {
    "compiler": ["compile"],
    "control": ["interp", "scan", "take", "while_loop"],
    "drawing": ["draw", "plot"],
    "names": ["label"],
    "numerics.ieee": ["errstate"],
    "recording": ["group", "no_grad"],
    "shell": ["load_ipython_extension", "unload_ipython_extension"],  # IPython looks for them here
    "trees": ["register_pytree_node"],
    "value": ["Value"],
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load what is asked for, once: who imports hypothesis, which looks into every package's entry points, or does not
    compile, or draw, loads no more than this file."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name in _HOMES or (name in __all__ and name != "math"):
            found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'derivatives')}"), name)
        else:
            found = import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    if "hypothesis" in sys.modules:
        from .hypothesis_plugin import register

        register()
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
