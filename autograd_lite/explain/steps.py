"""The backward pass one step at a time: at each, a node whose gradient is complete sends its terms to its operands.

The steps are those of `Value.backward`, in its order and its floats; they are made as they are asked for, and change no
`.grad`. The forward pass, if it is wanted, comes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, SupportsFloat, overload

from ..coercion import as_float
from ..expressions import number
from ..graph import topological_order
from ..operators import quietly
from ..primitives import constant
from ..value import Value, pull, reverse
from .tables import from_text
from .wording import Names, added, check_value, counted, no_path
from .wording import term as told_term

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from ..drawing import Picture
    from ..drawing.page import Page

MOST_STEPS = 500  # printed


def steps(
    z: Value,
    seed: SupportsFloat = 1.0,
    *,
    forward: bool = False,
    names: bool | Mapping[str, object] = True,
    precision: int = 4,
) -> Steps:
    """The backward pass from `z` as a sequence of steps: iterate over it, index it, print it, draw it.

    Args:
        z: the output.
        seed: ∂z/∂z.
        forward: whether the steps of the forward pass come first.
        names: what nodes without a label are called: True for the caller's variables, False, or a namespace.
        precision: how many significant digits are printed.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> q = x + y
    >>> f = q * z
    >>> print(steps(f))
    1. f = q × z:  ∂f/∂f = 1
         to q:  z × ∂f/∂f = −4 × 1 = −4
         to z:  q × ∂f/∂f = 3 × 1 = 3
    2. z:  ∂f/∂z = 3
    3. q = x + y:  ∂f/∂q = −4
         to x:  1 × ∂f/∂q = 1 × −4 = −4
         to y:  1 × ∂f/∂q = 1 × −4 = −4
    4. y:  ∂f/∂y = −4
    5. x:  ∂f/∂x = −4
    """
    check_value("steps", z)
    return Steps(z, as_float(seed), forward, names, precision)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What a step sends to one operand.

    Attributes:
        parent: the operand, number `operand` of its node.
        local_grad: ∂node/∂parent.
        term: local gradient × gradient from above.
        before: what other successors had sent to the parent; None if this is the first.
        total: the parent's gradient so far, this term included.

    >>> x = Value(3.0)
    >>> (term,) = steps(x * 2)[0].terms
    >>> term.parent is x, term.local_grad, term.term, term.before, term.total
    (True, 2.0, 2.0, None, 2.0)
    """

    parent: Value
    operand: int
    local_grad: float
    term: float
    before: float | None
    total: float


class Step:
    """One step: of the backward pass, or of the forward pass, where a node gets its number.

    Attributes:
        steps: the whole of which it is one.
        index: its place among the steps, from 0.
        is_forward: of which pass it is.
        node: the node whose number, or whose gradient, is complete.
        adjoint: that gradient; None in the forward pass.
        terms: what the node sends to its operands; constants are sent nothing.

    >>> x = Value(3.0, "x")
    >>> f = (x * 2).named("f")
    >>> first, last = steps(f)
    >>> first.told()
    ['f = x × 2:  ∂f/∂f = 1', '  to x:  2 × ∂f/∂f = 2 × 1 = 2']
    >>> last.adjoints == {f: 1.0, x: 2.0}
    True
    >>> print(last.draw().text())
    f: × = 6  ∂ 1
    ├─[2]─ x = 3  ∂ 2
    └── 2
    step 2 of 2
    x:  ∂f/∂x = 2
    """

    __slots__ = ("adjoint", "index", "is_forward", "node", "steps", "terms")

    def __init__(self, steps: Steps, index: int, node: Value, adjoint: float | None, terms: tuple[Term, ...]) -> None:
        self.steps = steps
        self.index = index
        self.is_forward = adjoint is None
        self.node = node
        self.adjoint = adjoint
        self.terms = terms

    @property
    def adjoints(self) -> dict[Value, float]:
        """Every gradient so far, this step's terms included; some are not yet complete."""
        return self.steps.adjoints(self.index)

    def draw(self, **options: Any) -> Picture:
        """The circuit after this step: see `autograd_lite.drawing.frames`."""
        from ..drawing.frames import draw_step

        return draw_step(self, **options)

    def __str__(self) -> str:
        return "\n".join(self.told())

    def __repr__(self) -> str:
        return f"<Step {self.index + 1}: {self.told()[0]}>"

    def told(self) -> list[str]:
        """The step's arithmetic: a line for the node, and one for each operand."""
        names, digits = self.steps.names, self.steps.precision
        what = names.definition(self.node)
        if self.adjoint is None:
            value = number(self.node.record[0] if self.node.record else self.node.data, digits)
            numbers = names.in_numbers(self.node, digits) if self.node.parents else ""
            return [" = ".join(dict.fromkeys(part for part in (what, numbers, value) if part))]
        above = names.derivative(self.steps.of, self.node)
        lines = [f"{what}:  {above} = {number(self.adjoint, digits)}"]
        for term in self.terms:
            slope = names.slope(self.node, term.operand) or number(term.local_grad, digits)
            assert self.node.op is not None
            why = no_path(self.node.op, term.operand, term.local_grad, self.adjoint)
            product = told_term(self.node.op, term.operand, term.local_grad, self.adjoint, digits)
            line = f"to {names(term.parent)}:  {product if why else f'{slope} × {above} = {product}'}"
            if term.before is not None:
                so_far = added([number(term.before, digits), number(term.term, digits)])
                line += f";  so far {so_far} = {number(term.total, digits)}"
            lines.append(f"  {line}")
        return lines


class Steps(Sequence[Step]):
    """The steps of a pass, made when they are asked for.

    Attributes:
        z, seed: where the backward pass starts.
        nodes: what takes part, operands first.
        reached: those of them that a gradient comes to.

    >>> x = Value(3.0, "x")
    >>> f = (x * 2).named("f")
    >>> len(steps(f)), len(steps(f, forward=True))
    (2, 4)
    >>> steps(f).adjoints(0)[f]
    1.0
    >>> import os, tempfile
    >>> file = steps(f).save(os.path.join(tempfile.mkdtemp(), "steps.html"))
    >>> file.read_text() == steps(f).html()
    True
    """

    def __init__(
        self, z: Value, seed: float, forward: bool, names: bool | Mapping[str, object], precision: int
    ) -> None:
        self.z = z
        self.seed = seed
        self.nodes = [node for node in topological_order(z) if node.op is not constant or node is z]
        adjoints = reverse({z: seed})
        self.reached = [node for node in self.nodes if node in adjoints]  # a comparison passes nothing on
        self.forward = forward
        self.precision = precision
        self.names = Names(self.nodes, names, [z])
        self.of = self.names.atom(z)

    def __len__(self) -> int:
        return len(self.reached) + len(self.nodes) * self.forward

    def __iter__(self) -> Iterator[Step]:
        index = 0
        for node in self.nodes if self.forward else ():
            yield Step(self, index, node, None, ())
            index += 1
        adjoints = {self.z: self.seed}
        for node in reversed(self.reached):
            terms = tuple(_sent(node, adjoints)) if node.parents else ()
            yield Step(self, index, node, adjoints[node], terms)
            index += 1

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            chosen = range(len(self))[index]
            found = dict.fromkeys(chosen)
            steps = {step.index: step for step in islice(self, max(chosen, default=-1) + 1) if step.index in found}
            return [steps[i] for i in chosen]
        place = range(len(self))[index]  # IndexError beyond the ends
        return next(islice(iter(self), place, None))

    def adjoints(self, index: int) -> dict[Value, float]:
        """Every gradient known after the step of that index."""
        found: dict[Value, float] = {}
        for step in islice(self, index + 1):
            if step.adjoint is not None:
                found[step.node] = step.adjoint
                found.update((term.parent, term.total) for term in step.terms)
        return found

    def _repr_html_(self) -> str:
        return from_text(str(self))

    def __str__(self) -> str:
        width = len(str(len(self))) + 1
        lines = []
        for step in islice(self, MOST_STEPS):
            head, *rest = step.told()
            lines.append(f"{f'{step.index + 1}.':{width}} {head}")
            lines += [f"{'':{width}} {line}" for line in rest]
        if len(self) > MOST_STEPS:
            lines.append(f"… and {counted(len(self) - MOST_STEPS, 'more step')}: iterate over them")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Steps from {self.names(self.z)}: {len(self)}; print them, iterate, or .save('steps.html')>"

    def html(self, **options: Any) -> Page:
        """The circuit's page, before the first step, to play them. The options are those of `draw`."""
        from ..drawing.frames import page_of

        return page_of(self, **options)

    def save(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write the page to a file, ``.html``, and return its path. ValueError for another suffix, OSError as files."""
        from pathlib import Path

        file = Path(path)
        if file.suffix.lower() != ".html":
            raise ValueError(f"steps are saved as .html, not {file.suffix or 'without a suffix'}: {file.name!r}")
        file.write_text(self.html(**options), encoding="utf-8")
        return file


def _sent(node: Value, adjoints: dict[Value, float]) -> Iterator[Term]:
    op = node.op
    assert op is not None  # a node with parents has one
    for operand, (parent, term) in enumerate(zip(node.parents, pull(node, adjoints[node]))):
        if term is not None:
            before = adjoints.get(parent)
            adjoints[parent] = term if before is None else before + term
            slope = quietly(op.derivative(operand), node.record)
            yield Term(parent, operand, slope, term, before, adjoints[parent])
