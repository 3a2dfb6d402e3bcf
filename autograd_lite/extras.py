"""The optional dependencies: whatever needs a package that is missing says in one line how to get it."""

from __future__ import annotations

import importlib
from typing import Any


def require(what: str, module: str, extra: str = "", instead: str = "") -> Any:
    """The module, which `what` needs and `extra` of this package brings; without an extra, the package is named itself.

    What importing it raises is raised again, as one line that says what to install, and what to do `instead`.
    """
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        package = module.partition(".")[0]
        install = f"'autograd_lite[{extra}]'" if extra else package
        message = f"{what} needs {package} ({missing}): pip install {install}{instead}"
        raise type(missing)(message, name=missing.name) from missing
