"""autograd_lite: a scalar reverse-mode automatic-differentiation engine. See a gradient, trust it, run it fast."""

from . import math
from .ieee import errstate
from .names import label
from .value import Value, group, no_grad

__all__ = ["Value", "errstate", "group", "label", "math", "no_grad"]
__version__ = "0.1.0.dev0"
