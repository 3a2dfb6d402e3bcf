"""autograd_lite: a scalar reverse-mode automatic-differentiation engine. See a gradient, trust it, run it fast."""

from typing import TYPE_CHECKING, Any

from . import math
from .control import scan, while_loop
from .derivatives import custom, grad, gradient, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp
from .names import label
from .numerics.ieee import errstate
from .recording import group, no_grad
from .trees import register_pytree_node
from .value import Value
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .compiler import compile
    from .drawing import draw, plot

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
    "jacobian",
    "jvp",
    "label",
    "math",
    "no_grad",
    "plot",
    "register_pytree_node",
    "scan",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "while_loop",
]


def __getattr__(name: str) -> Any:
    if name == "compile":  # who does not compile does not load the compiler
        from .compiler import compile

        return compile
    if name in ("draw", "plot"):
        from . import drawing

        return getattr(drawing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# IPython looks for these here; who does not load the extension does not load the drawings.


def load_ipython_extension(shell: Any) -> None:
    from .shell import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    from .shell import unload_ipython_extension as unload

    unload(shell)
