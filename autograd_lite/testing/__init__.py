"""Property-testing gradients with hypothesis, against oracles better than finite differences: anybody's and our own.

The strategies draw numbers, points and whole programs. Needs the extra `testing`, which is hypothesis and mpmath.
"""

# ruff: noqa: E402 - what is missing is said before it is imported
from ..extras import require

for _module in ("hypothesis", "mpmath"):
    require("autograd_lite.testing", _module, "testing")

from .check import check_gradients
from .judgement import taylor_test
from .machine import GraphMachine
from .programs import Program, assemble, is_well_defined
from .strategies import domain, inputs_for, points, programs, values
from .verdict import GradientError, Report

__all__ = [
    "GradientError",
    "GraphMachine",
    "Program",
    "Report",
    "assemble",
    "check_gradients",
    "domain",
    "inputs_for",
    "is_well_defined",
    "points",
    "programs",
    "taylor_test",
    "values",
]
