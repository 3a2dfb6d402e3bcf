"""A program as native code, by LLVM: `scalar` for one evaluation, `rows` for one a row."""

from __future__ import annotations

from .kernel import Kernel, RowsKernel, rows, scalar

__all__ = ["Kernel", "RowsKernel", "rows", "scalar"]
