"""Where the user's code is: the frame outside of this package, and its line as the end of a message. Imports the
package's folder alone.
"""

from __future__ import annotations

import functools
import linecache
import os
import sys
from types import FrameType
from typing import Any

from ...numerics.ieee import PACKAGE


def user_frame() -> FrameType | None:
    """The code outside this package and NumPy that called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (is_own(frame) or frame.f_globals.get("__name__", "").startswith("numpy.")):
        frame = frame.f_back
    return frame


def is_own(frame: FrameType) -> bool:
    """Whether a frame runs code of this package."""
    return _is_own_file(frame.f_code.co_filename)


@functools.cache
def _is_own_file(name: str) -> bool:
    return os.path.abspath(name).startswith(PACKAGE)


def user_line() -> str:
    """Where the user's code is, as the end of a message: `` (file.py, line 3: y = x.data)``."""
    frame = user_frame()
    return "" if frame is None else f" ({written(frame.f_code.co_filename, frame.f_lineno, frame.f_globals)})"


def written(name: str, line: int, names: dict[str, Any] | None = None) -> str:
    """A line of a file for a message: ``file.py, line 3: y = x.data``."""
    text = linecache.getline(name, line, names).strip()
    return f"{os.path.basename(name)}, line {line}{text and f': {text}'}"
