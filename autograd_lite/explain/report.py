"""The ledger as a text that teaches: each term's arithmetic in numbers, and which number is what.

Reads a ledger and writes nothing else; what is left out, for want of space, is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..expressions import number
from .paths import Path
from .wording import LONGEST, Names, added, counted, no_path, term

if TYPE_CHECKING:
    from .ledger import Explanation, Line, Section

MOST_LINES = 12
MOST_PATHS = 5
MOST_PATHS_ADDED = 20  # of no more paths than these the sum is told
MOST_STEPS = 8  # of a path


class Reporter:
    """What is written of one ledger; `text` is the whole."""

    def __init__(self, ledger: Explanation) -> None:
        self.ledger = ledger
        self.names: Names = ledger._names
        self.node = ledger.node
        self.name = self.names(ledger.node)

    def number(self, x: float) -> str:
        return number(x, self.ledger._precision)

    def text(self) -> str:
        ledger = self.ledger
        lines = [self.head()]
        many = len(ledger.sections) > 1 or any(section.calls > 1 for section in ledger.sections)
        for section in ledger.sections:
            lines += ["", *self.section(section, many)]
        if many:
            lines += ["", self.sum_of_sweeps()]
        if ledger.remainder or ledger.remainder != ledger.remainder:
            lines += ["", self.unexplained()]
        return "\n".join(lines)

    def head(self) -> str:
        ledger = self.ledger
        what = self.names.definition(self.node)
        value = what if what == self.number(self.node.data) else f"{what} = {self.number(self.node.data)}"
        if not ledger.reached:
            if ledger.z is not None:
                z = self.names(ledger.z)
                return f"{value}:  no path leads from {z} back to {self.name}, so {z} does not depend on it"
            return (
                f"{value}:  no gradient yet: no backward sweep has come by.\n"
                f"Call z.backward() on an output z computed from {self.name}, or give explain that output: explain(z)."
            )
        of = [self.partial(section) for section in ledger.sections]
        if ledger.z is not None:
            return f"{value},  {of[0]} = {self.number(ledger.gradient)}"
        grad = f"{self.name}.grad" if self.names.given(self.node) and " " not in self.name else "grad"
        single = len(of) == 1 and ledger.sections[0].calls == 1 and ledger.sections[0].seed == 1.0
        single = single and not ledger.remainder
        return f"{value},  {grad}{f' = {of[0]}' if single else ''} = {self.number(ledger.gradient)}"

    def partial(self, section: Section) -> str:
        return self.names.derivative(self.names.atom(section.root), self.node)

    def section(self, section: Section, many: bool) -> list[str]:
        root = section.root
        lines = []
        if many or section.seed != 1.0 or section.root is self.node:
            sweeps = counted(section.calls, "backward sweep") if section.calls > 1 else "a backward sweep"
            seed = "" if section.seed == 1.0 else f", with the seed {self.number(section.seed)}"
            lines.append(f"{sweeps} from {self.names.definition(root)} = {self.number(root.data)}{seed}:")
        if root is self.node:
            lines.append(f"  the sweep starts here, with ∂{self.name}/∂{self.name} = {self.number(section.seed)}")
            return lines
        lines += self.terms(section)
        lines += ["", *self.paths(section)]
        return lines

    def terms(self, section: Section) -> list[str]:
        shown = section.lines[:MOST_LINES]
        vias = [f"  via {self.via(line)}:" for line in shown]
        arithmetic = [self.term(line) for line in shown]
        width, wide = max(map(len, vias)), max(map(len, arithmetic))
        lines = [
            f"{via:{width}}  {product:{wide}}{self.which(line, section)}".rstrip()
            for via, product, line in zip(vias, arithmetic, shown)
        ]
        if len(section.lines) > len(shown):
            lines.append(f"  … and {counted(len(section.lines) - len(shown), 'more term')}")
        if len(section.lines) > 1:
            terms = [self.number(line.term) for line in shown]
            if len(section.lines) > len(shown):
                terms.append("…")
            lines.append(f"{'  sum:':{width}}  {added(terms)} = {self.number(section.gradient)}")
        return ["  local gradient × gradient from above:", *lines]

    def via(self, line: Line) -> str:
        successor = self.names.definition(line.successor)
        if sum(parent is self.node for parent in line.successor.parents) > 1:
            return f"{successor}, operand {line.operand + 1}"
        return successor

    def term(self, line: Line) -> str:
        assert line.successor.op is not None
        return term(line.successor.op, line.operand, line.local_grad, line.adjoint, self.ledger._precision)

    def which(self, line: Line, section: Section) -> str:
        """What the two factors are, if that is soon said: ``w × ∂f/∂q``, or ``1 × ∂f/∂q`` where one is a number."""
        names, successor = self.names, line.successor
        if self.term(line).endswith(")"):  # no path
            return ""
        local = names.slope(successor, line.operand) or self.number(line.local_grad)
        above = section.passed_on(successor, lambda node: names.given(node) is not None)
        factors = f"{local} × {names.derivative(names.atom(section.root), above)}"
        return f"    {factors}" if len(factors) <= LONGEST else ""

    def paths(self, section: Section) -> list[str]:
        total = section.path_count
        found = section.paths if total <= MOST_PATHS_ADDED else section.heaviest(MOST_PATHS)
        shown = found[:MOST_PATHS]
        head = f"  {counted(total, 'path')} from {self.names(section.root)} to {self.name}, each the product of its "
        head += "local gradients" + (f"; the {len(shown)} that add most:" if total > len(shown) else ":")
        ways = [f"  {self.way(path)}:" for path in shown]
        width = max(map(len, ways))
        lines = [f"{way:{width}}  {self.along(path, section.seed)}" for way, path in zip(ways, shown)]
        if 1 < total == len(found):
            lines.append(f"{'  sum of all:':{width}}  {self.number(sum(path.product for path in found))}")
        return [head, *lines]

    def way(self, path: Path) -> str:
        steps = [self.names.short(path.nodes[0])]
        for i in _shown(len(path.nodes)):
            if i is None:
                steps.append(f"… {len(path.nodes) - MOST_STEPS} more …")
            elif i:
                node, operands = path.nodes[i], path.nodes[i - 1].parents
                many = sum(parent is node for parent in operands) > 1
                steps.append(f"←{_subscript(path.operands[i - 1] + 1) if many else ''} {self.names.short(node)}")
        return " ".join(steps)

    def along(self, path: Path, seed: float) -> str:
        grads = path.local_grads if seed == 1.0 else (seed, *path.local_grads)
        factors = [
            f"… {len(grads) - MOST_STEPS} more …" if i is None else self.number(grads[i]) for i in _shown(len(grads))
        ]
        product = self.number(path.product)
        for node, operand, slope in zip(path.nodes, path.operands, path.local_grads):
            if node.op is not None and (why := no_path(node.op, operand, slope, 1.0)):
                return f"{product} ({why})"
        return product if factors == [product] else f"{' × '.join(factors)} = {product}"

    def sum_of_sweeps(self) -> str:
        terms = []
        for section in self.ledger.sections:
            one = self.number(section.gradient)
            terms.append(one if section.calls == 1 else f"{section.calls} × {one}")
        shown = ["…" if i is None else terms[i] for i in _shown(len(terms))]
        return f"sum over the sweeps: {added(shown)} = {self.number(self.ledger.total)}"

    def unexplained(self) -> str:
        ledger = self.ledger
        if not ledger.sections:
            why = "the outputs it came from are gone, or it was set by hand"
        else:
            why = "set by hand, replayed since, or from outputs that are gone"
        return (
            f"unexplained remainder: {self.number(ledger.gradient)} − {self.number(ledger.total)} = "
            f"{self.number(ledger.remainder)} ({why})"
        )


def _shown(count: int) -> list[int | None]:
    """The indices of what is shown of so many things; None where some are left out."""
    if count <= MOST_STEPS + 1:
        return list(range(count))
    half = MOST_STEPS // 2
    return [*range(half), None, *range(count - half, count)]


def _subscript(n: int) -> str:
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
