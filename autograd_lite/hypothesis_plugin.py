"""What hypothesis finds through its entry point: a strategy for `Value`, wherever a test's types ask for one.

hypothesis calls `register` as it is imported; the strategies and what they need are loaded when the first is drawn.
"""

from __future__ import annotations

from typing import Any

from .value import Value


def register() -> None:
    """Teach `hypothesis.strategies.from_type` what a `Value` is."""
    from hypothesis.strategies import register_type_strategy

    register_type_strategy(Value, _values)


def _values(asked_for: type[Value]) -> Any:
    from .testing.strategies import values

    return values()
