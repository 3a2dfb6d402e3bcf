r"""The circuit in LaTeX: its expression, and the chain rule for each of its leaves, in numbers.

    f = (x + y) · z,   ∂f/∂x = ∂f/∂q · ∂q/∂x = (−4) · 1 = −4

One ``aligned`` environment of amsmath, which MathJax and KaTeX read too. What is used twice, bears a label or would
make a line too long or too deep gets a line of its own, so no expression explodes. Each primitive says how it is
written, and how tightly it binds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from ..expressions import Latex, in_latex, name_latex, number_latex
from ..primitives import POWER, PRODUCT, SUM, Primitive
from .model import Circuit, Edge, Node, number_text

MOST_LINES = 40  # definitions, and as many leaves
MOST_SYMBOLS, MOST_NESTED = 30, 8  # in one line
MOST_TERMS = 6  # in one sum of the chain rule, or one call of a function

T = TypeVar("T")


class Formulas(str):
    """LaTeX for display mathematics, as a string. Jupyter shows it set."""

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return f"$$\n{self}\n$$"


def latex(circuit: Circuit, of: str | None = None) -> Formulas:
    r"""The expression and, once there are gradients, the chain rule for every leaf, or only for the node with id `of`.

    ≈ stands where a number is rounded. What the picture folds away is written ⋯.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> x, y = Value(2.0, "x"), Value(5.0, "y_1")
    >>> f = (x + y) * x
    >>> f.backward()
    >>> print(latex(describe(f)))
    \begin{aligned}
    f & = \left(x + y_{1}\right) \cdot x = 14 \\
    &\quad\text{at}\quad x = 2,\; y_{1} = 5 \\
    \frac{\partial f}{\partial x} & = \frac{\partial f}{\partial v_{1}} \cdot \frac{\partial v_{1}}{\partial x} + \frac{\partial f}{\partial f} \cdot \frac{\partial f}{\partial x} = 2 \cdot 1 + 1 \cdot 7 = 9 \\
    \frac{\partial f}{\partial y_{1}} & = \frac{\partial f}{\partial v_{1}} \cdot \frac{\partial v_{1}}{\partial y_{1}} = 2 \cdot 1 = 2 \\
    &\quad\text{where}\quad v_{1} = x + y_{1} = 7
    \end{aligned}
    """  # noqa: E501
    written = _Written(circuit)
    lines = [] if of else written.expression()
    if circuit.past.adjoints:
        lines += written.chain_rules(of)
    body = " \\\\\n".join(lines)
    return Formulas(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")


class _Written:
    """A circuit's names and terms: a node that has a name is called by it, any other is written out."""

    def __init__(self, circuit: Circuit) -> None:
        self.nodes, self.past, self.precision = circuit.nodes, circuit.past, circuit.precision
        self.root = circuit.nodes[-1]
        self.node = {node.id: node for node in (*circuit.nodes, *circuit.inlined)}
        self.edges: dict[str, list[Edge]] = {}
        for edge in circuit.edges:
            self.edges.setdefault(edge.parent, []).append(edge)
        self.names: dict[str, Latex] = {}
        self.taken: set[str] = set()
        self.numbered = 0
        self.sizes: dict[str, tuple[int, int]] = {}  # of what is written out: how many symbols it has, and how deep
        self._name_those_that_need_it()
        self.terms: dict[str, Latex] = {}
        for node in self.nodes:
            if node.op is not None:
                self.terms[node.id] = self._term(node, node.op)

    def _name_those_that_need_it(self) -> None:
        for node in self.node.values():
            if node.label and node.kind != "folded":
                self.names[node.id] = self._free(name_latex(node.label))
        if self.root.id not in self.names and "f" not in self.taken:
            self.names[self.root.id] = self._free(Latex("f"))
        used = Counter(operand for node in self.nodes for operand in node.operands)
        for node in self.nodes:
            if node.kind == "leaf" or (node.op is not None and used[node.id] > 1):
                self.name(node)

    def name(self, node: Node) -> Latex:
        """What `node` is called; if it has no name yet, it gets one: v₁, v₂ …"""
        while node.id not in self.names:
            self.numbered += 1
            name = f"v_{{{self.numbered}}}"
            if name not in self.taken:
                self.names[node.id] = self._free(Latex(name))
        return self.names[node.id]

    def _free(self, name: Latex) -> Latex:
        number, text = 1, name.text
        while text in self.taken:  # another node bears that label too
            number += 1
            text = f"{{{name.text}}}^{{({number})}}"
        self.taken.add(text)
        return name if number == 1 else Latex(text, POWER)

    def _term(self, node: Node, op: Primitive) -> Latex:
        operands = [self.node[id] for id in _some(node.operands, "") if id]
        while True:
            terms = [self._operand(operand) for operand in operands]
            sizes = [self.sizes.get(operand.id, (1, 0)) for operand in operands]
            symbols, nested = sum(size for size, _ in sizes), 1 + max((deep for _, deep in sizes), default=0)
            inner = [operand for operand in operands if operand.op and operand.id not in self.names]
            if not inner or (symbols <= MOST_SYMBOLS and nested <= MOST_NESTED):
                self.sizes[node.id] = symbols, nested
                return in_latex(op, terms, len(node.operands) - len(terms))
            self.name(max(inner, key=lambda operand: self.sizes[operand.id][::-1]))

    def _operand(self, node: Node) -> Latex:
        if node.id in self.names:
            return self.names[node.id]
        if node.kind == "constant":
            return number_latex(node.value_text)
        return self.terms[node.id] if node.op else Latex(r"\cdots")

    # ---- the expression ----

    def expression(self) -> list[str]:
        """The output, what it is computed through, and the numbers it is computed from."""
        shown = {self.root.id}
        for node in reversed(self.nodes):
            if node.id in shown:
                shown |= self._named_in(node)
        others = [node for node in reversed(self.nodes) if node.id in shown and node is not self.root]
        given = [self._definition(node) for node in reversed(others) if not node.op]
        return [
            f"{self._operand(self.root)} &{self._value(self.root)}",
            *_listed("where", [self._definition(node) for node in others if node.op]),
            *_listed("at", [r",\; ".join(given[i : i + MOST_TERMS]) for i in range(0, len(given), MOST_TERMS)]),
        ]

    def _named_in(self, node: Node) -> set[str]:
        """Those with a name that the term of `node` is made of."""
        found: set[str] = set()
        stack = list(node.operands)
        while stack:
            id = stack.pop()
            if id not in self.names:
                stack += self.node[id].operands
            elif self.node[id].kind != "constant":
                found.add(id)
        return found

    def _definition(self, node: Node) -> str:
        return f"{self._operand(node)}{self._value(node)}"

    def _value(self, node: Node) -> str:
        """What a name stands for: ``= x + y = 3``."""
        written = f" = {self.terms[node.id]}" if node.op else ""
        return written + _equal(node.value_text, node.value)

    # ---- the chain rule ----

    def chain_rules(self, of: str | None) -> list[str]:
        """A line for each leaf, or for the node `of`, and one for what got its name there."""
        asked = [
            node for node in self.nodes if (node.id == of if of else node.kind == "leaf" and node is not self.root)
        ]
        before = set(self.names)
        lines = [line for node in asked[:MOST_LINES] for line in (self._chain_rule(node), *self._grad(node))]
        if len(asked) > MOST_LINES:
            lines.append(rf"&\quad\text{{and for {len(asked) - MOST_LINES} more leaves}}")
        new = [node for node in self.nodes if node.op and node.id in self.names and node.id not in before]
        return [*lines, *_listed("where", [self._definition(node) for node in new])]

    def _chain_rule(self, node: Node) -> str:
        """∂output/∂node, whatever was swept; what ``.grad`` is, where it is another sum, says the line after."""
        left = f"{self._derivative(self.root, node)} &"
        adjoint = self.past.adjoints.get(node.id)
        if adjoint is None:
            return rf"{left}\phantom{{=}} \text{{has no path, or is not computed}}"
        stated = _equal(number_text(adjoint, self.precision), adjoint)
        if node is self.root:
            return left + stated
        steps: dict[str, list[Edge]] = {}
        for edge in self.edges.get(node.id, []):
            steps.setdefault(edge.child, []).append(edge)
        symbols = [self._step(node, self.node[child]) for child in steps]
        numbers = [self._product(self.past.adjoints.get(child), edges) for child, edges in steps.items()]
        return f"{left} = {_sum(symbols)} = {_sum(numbers)}{stated}"

    def _grad(self, node: Node) -> list[str]:
        """What a gradient that is not ∂output/∂node is the sum of."""
        if node.id not in self.past.sums:
            return []
        name, stated = self.name(node), _equal(node.gradient_text, node.gradient)
        left = rf"{name}\text{{.grad}} &"
        terms = self.past.sums[node.id]
        if not terms:
            return [rf"{left}{stated}\quad\text{{(set by hand, or from outputs that are gone)}}"]
        symbols, numbers = [], []
        for calls, root, seed, brought in terms:
            of = self.name(self.root) if root == self.past.output else name_latex(root)
            factors = [f"{number_latex(number_text(x, self.precision)):{POWER}}" for x in (calls, seed) if x != 1.0]
            symbols.append(r" \cdot ".join([*factors, rf"\frac{{\partial {of}}}{{\partial {name}}}"]))
            one = number_latex(number_text(brought, self.precision))
            numbers.append(f"{number_latex(str(calls))} \\cdot {one:{POWER}}" if calls > 1 else f"{one:{PRODUCT}}")
        return [f"{left} = {_sum(symbols)}{'' if numbers == [stated[3:]] else f' = {_sum(numbers)}'}{stated}"]

    def _step(self, node: Node, after: Node) -> str:
        if after.kind == "folded":
            return r"\cdots"
        return rf"{self._derivative(self.root, after)} \cdot {self._derivative(after, node)}"

    def _product(self, adjoint: float | None, edges: list[Edge]) -> str:
        """An adjoint times a local derivative, in numbers; that is a sum where the node is several operands of one."""
        if adjoint is None or any(edge.local_gradient is None for edge in edges):
            return r"\cdots"
        if all(edge.no_path for edge in edges):
            return rf"0\ \text{{({edges[0].no_path})}}"
        local = [number_latex(edge.text) for edge in edges]
        slope = local[0] if len(local) == 1 else Latex(_sum([f"{term:{PRODUCT}}" for term in local]), SUM)
        return rf"{number_latex(number_text(adjoint, self.precision)):{PRODUCT}} \cdot {slope:{POWER}}"

    def _derivative(self, of: Node, by: Node) -> str:
        return rf"\frac{{\partial {self.name(of)}}}{{\partial {self.name(by)}}}"


# ---- pieces ----------------------------------------------------------------------------------------------------------


def _sum(terms: list[str]) -> str:
    return " + ".join(_some(terms, r"\cdots")) or "0"


def _some(things: Sequence[T], others: T) -> list[T]:
    """`things`, or the first few and the last of them, with `others` in between."""
    return list(things) if len(things) <= MOST_TERMS else [*things[: MOST_TERMS - 2], others, things[-1]]


def _listed(word: str, lines: list[str]) -> list[str]:
    """Lines under a word, and one that says how many are left out."""
    indented = [
        rf"&\quad\{'text' if i == 0 else 'hphantom'}{{{word}}}\quad {line}" for i, line in enumerate(lines[:MOST_LINES])
    ]
    if len(lines) > MOST_LINES:
        indented.append(rf"&\quad\text{{and {len(lines) - MOST_LINES} more lines}}")
    return indented


def _equal(text: str, value: float | None) -> str:
    """``= 3``, or ``≈ 0.3333`` where that is rounded; nothing for no number."""
    if value is None:
        return ""
    rounded = value == value and float(text.replace("−", "-")) != value
    sign = r"\approx" if rounded else "="
    return f" {sign} {number_latex(text)}"
