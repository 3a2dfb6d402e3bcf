"""Graphs under any sequence of operations against a naive model: hypothesis' rule-based state machine.

Rules make leaves and nodes, set and forget numbers, differentiate, copy and pickle, in any order. The model keeps each
node as a line of a table, with the numbers it was made of, and finds a gradient by walking that table backwards in the
order of making: that no topological order, no cache and no copy can go wrong there is the point. What the model says
of a gradient is an enclosure, so that the order of additions is left to the engine.
"""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from mpmath import iv

from ..coercion import as_float
from ..operators import quietly
from ..primitives import Primitive, table
from ..value import Value
from . import oracles
from .enclosure import Interval, interval_ends, is_known, working_precision
from .programs import assemble

ROWS = [op for op in table.values() if max(op.arities) > 0]
_MOST_NODES = 40
_PICKS = st.integers(0, 2) | st.integers(0, 12) | st.floats(-3, 3)


class _Line:
    """One node of the model: its value, the operation and the lines it was made of, with their numbers then."""

    __slots__ = ("args", "grad", "op", "operands", "value")

    def __init__(self, value: float, op: Primitive | None, operands: tuple[int | float, ...], args: tuple[float, ...]):
        self.value = value
        self.op = op
        self.operands = operands
        self.args = args
        self.grad: Any = None  # an interval, or None while no sweep has arrived

    def copy(self) -> _Line:
        line = _Line(self.value, self.op, self.operands, self.args)
        line.grad = self.grad
        return line


class GraphMachine(RuleBasedStateMachine):
    """Builds, mutates, differentiates, copies and pickles graphs, and compares every node with a naive model.

    As a test: ``TestGraphs = GraphMachine.TestCase``. Derive from it for operations of your own: `rows` are the
    operations that nodes are made with.

    >>> class Small(GraphMachine):
    ...     rows = [table["mul"], table["sin"]]
    >>> from hypothesis import settings
    >>> Small.TestCase.settings = settings(max_examples=3, deadline=None)
    >>> Small.TestCase().runTest()
    """

    rows = ROWS
    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.graph: list[Value] = []
        self.model: list[_Line] = []

    # ---- rules ----

    @initialize(target=nodes, x=st.floats(-3, 3))
    def first_leaf(self, x: float) -> int:
        return self._add(Value(x), _Line(x, None, (), ()))

    @precondition(lambda self: len(self.graph) < _MOST_NODES)
    @rule(target=nodes, x=st.floats(-3, 3))
    def leaf(self, x: float) -> int:
        return self._add(Value(x), _Line(x, None, (), ()))

    @precondition(lambda self: len(self.graph) < _MOST_NODES)
    @rule(target=nodes, data=st.data(), count=st.integers(1, 5))
    def operations(self, data: st.DataObject, count: int) -> int:
        """A few operations on earlier nodes, those that are well defined there."""
        draft = []
        for _ in range(count):
            op = data.draw(st.sampled_from(self.rows))
            arity = op.arities[0] if len(op.arities) == 1 else data.draw(st.sampled_from(op.arities))
            draft.append((op, data.draw(st.lists(_PICKS, min_size=arity, max_size=arity))))
        for op, picks in draft:
            numbers = [node.data for node in self.graph]
            for made_by, operands in assemble(numbers, [(op, picks)]).steps:
                args = tuple(numbers[x] if type(x) is int else x for x in operands)
                made = made_by(*[self.graph[x] if type(x) is int else x for x in operands])
                self._add(made, _Line(made_by(*args), made_by, operands, args))
        return len(self.graph) - 1

    @rule(k=nodes, x=st.floats(-3, 3))
    def set_a_leaf(self, k: int, x: float) -> None:
        """What was computed from it keeps its numbers and its local gradients."""
        if self.model[k].op is None:
            self.graph[k].data = x
            self.model[k].value = x

    @rule(k=nodes, seed=st.integers(-3, 3))
    def backward(self, k: int, seed: int) -> None:
        self.graph[k].backward(seed)
        with working_precision():
            adjoints = {k: iv.mpf(seed)}
            for n in range(k, -1, -1):
                if n in adjoints:
                    self._pass_on(n, adjoints)
            for n, adjoint in adjoints.items():
                before = self.model[n].grad
                self.model[n].grad = adjoint if before is None else before + adjoint

    @rule(k=nodes)
    def zero_grad(self, k: int) -> None:
        self.graph[k].zero_grad()
        for n in self._ancestors(k):
            self.model[n].grad = None

    @precondition(lambda self: len(self.graph) < _MOST_NODES)
    @rule(target=nodes, k=nodes, pickled=st.booleans(), protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
    def copy_of_a_graph(self, k: int, pickled: bool, protocol: int) -> int:
        """A graph of its own, with all it was computed from: what happens to one does not happen to the other."""
        lines = self._ancestors(k)
        if len(self.graph) + len(lines) > 2 * _MOST_NODES:
            return k
        originals = [self.graph[n] for n in lines]
        copies = pickle.loads(pickle.dumps(originals, protocol)) if pickled else copy.deepcopy(originals)
        place: dict[int, int] = {}
        for n, node in zip(lines, copies):
            assert node is not self.graph[n]
            line = self.model[n].copy()
            line.operands = tuple(place[x] if type(x) is int else x for x in line.operands)
            place[n] = self._add(node, line)
        return place[k]

    @rule(k=nodes)
    def replay(self, k: int) -> None:
        """Every node from the leaves' present numbers; unless that would leave an operation's domain."""
        lines = self._ancestors(k)
        values = {n: self.model[n].value for n in lines}
        renewed = {}
        for n in lines:
            line = self.model[n]
            if line.op is not None:
                args = tuple(values[x] if type(x) is int else x for x in line.operands)
                values[n] = line.op(*args)
                renewed[n] = args
                if args not in line.op.smooth or not math.isfinite(values[n]) or abs(values[n]) > 1e6:
                    return
        self.graph[k].replay()
        for n in lines:
            self.model[n].value = values[n]
            self.model[n].args = renewed.get(n, ())
            self.model[n].grad = None

    # ---- what holds after every step ----

    @invariant()
    def values_and_gradients_are_the_models(self) -> None:
        for node, line in zip(self.graph, self.model):
            assert node.data == line.value, (node, line.value)
            assert node.op is line.op
            assert node.reached == (line.grad is not None), node
            if line.grad is not None:
                within = interval_ends(line.grad)
                assert node.grad in within or not _is_bounded(within), (node, within)

    @invariant()
    def parents_are_the_models(self) -> None:
        for node, line in zip(self.graph, self.model):
            assert len(node.parents) == len(line.operands)
            for parent, x in zip(node.parents, line.operands):
                assert parent is self.graph[x] if type(x) is int else parent.data == x

    # ---- the model ----

    def _add(self, node: Value, line: _Line) -> int:
        self.graph.append(node)
        self.model.append(line)
        return len(self.graph) - 1

    def _ancestors(self, k: int) -> list[int]:
        found = {k}
        for n in range(k, -1, -1):
            if n in found:
                found.update(x for x in self.model[n].operands if type(x) is int)
        return sorted(found)

    def _pass_on(self, n: int, adjoints: dict[int, Any]) -> None:
        line = self.model[n]
        for i, x in enumerate(line.operands):
            if type(x) is int and line.op is not None and line.op.result_type is float:  # no path leads through a truth
                wide = iv.mpf([1 - line.op.ulps * 2.0**-52, 1 + line.op.ulps * 2.0**-52])
                if is_known(line.op):
                    slope = oracles.enclosed_slope(line.op, i, line.args)
                else:  # of an operation of the user's own the rule is what there is
                    slope = iv.mpf(as_float(quietly(line.op.derivative(i), (line.op(*line.args), *line.args))))
                slope = slope * wide + iv.mpf([-(2.0**-1022), 2.0**-1022])
                term = adjoints[n] * slope
                adjoints[x] = adjoints[x] + term if x in adjoints else term


def _is_bounded(within: Interval) -> bool:
    return math.isfinite(within.low) and math.isfinite(within.high)
