"""Graphs under any sequence of operations, against the naive model; and the machine finds what is planted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from autograd_lite import Value, recording, sweep, value
from autograd_lite.testing import GraphMachine

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SEARCH = settings(max_examples=300, stateful_step_count=30, database=None, derandomize=True, phases=[Phase.generate])
TestGraphs = GraphMachine.TestCase
TestGraphs.settings = settings(max_examples=max(25, settings().max_examples // 4), stateful_step_count=30)


def fails() -> bool:
    try:
        run_state_machine_as_test(GraphMachine, settings=SEARCH)
    except AssertionError:
        return True
    return False


def test_a_sweep_that_overwrites(monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrites(order: Any, adjoints: Any, pull: Any) -> Any:
        for node in order:
            if node.parents and node in adjoints:
                adjoints.update((p, t) for p, t in zip(node.parents, pull(node, adjoints[node])) if t is not None)
        return adjoints

    monkeypatch.setattr(sweep, "reverse", overwrites)
    with recording.sweeping:  # as if another sweep were under way: then adjoints are kept in a dict, by `sweep.reverse`
        assert fails()


def test_local_gradients_that_follow_a_leaf_which_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    right = value.pull

    def late(node: Value, adjoint: float) -> Any:
        node.record = (node.data, *[parent.data for parent in node.parents])
        return right(node, adjoint)

    monkeypatch.setattr(value, "pull", late)
    assert fails()


def test_a_gradient_that_is_set_and_not_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Value.backward

    def forgets(self: Value, seed: float = 1.0) -> None:
        self.zero_grad()
        right(self, seed)

    monkeypatch.setattr(Value, "backward", forgets)
    assert fails()


def test_a_copy_that_shares_its_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Value.__deepcopy__
    monkeypatch.setattr(
        Value, "__deepcopy__", lambda self, memo: right(self, memo) if self.parents else memo.setdefault(id(self), self)
    )
    assert fails()
