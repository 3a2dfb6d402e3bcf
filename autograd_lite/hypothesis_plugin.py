"""What hypothesis finds through its entry point: a strategy for `Value`, wherever a test's types ask for one.

hypothesis calls `register` as it is imported, and the package does when its first name is asked for: so who does not
use it pays next to nothing for it. The strategies and what they need are loaded when the first is drawn.
"""

from __future__ import annotations

import sys
from typing import Any


def register() -> None:
    """Teach `hypothesis.strategies.from_type` what a `Value` is, if there is that class yet."""
    value = getattr(sys.modules.get("autograd_lite.value"), "Value", None)
    register_type_strategy = getattr(sys.modules.get("hypothesis.strategies"), "register_type_strategy", None)
    if value is not None and register_type_strategy is not None:
        register_type_strategy(value, _values)


def _values(asked_for: type) -> Any:
    from .testing.strategies import values

    return values()
