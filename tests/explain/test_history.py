"""What a gradient is the sum of, after any history of sweeps: the same in every form."""

from __future__ import annotations

import re
import weakref
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, math
from autograd_lite.drawing import Picture
from autograd_lite.explain.history import History, Term

SLOPES = {"f": 6.0, "g": 4.0, "h": 3.0}  # by x, at 3: of x², 4x and y·x


def outputs() -> tuple[Value, Value, dict[str, Value]]:
    x, y = Value(3.0, "x"), Value(3.0, "y")
    return x, y, {"f": (x * x).named("f"), "g": (x * 4).named("g"), "h": (y * x).named("h")}


def terms(found: list[Term]) -> list[tuple[str | None, float, int]]:
    return [(term.root.label, term.seed, term.calls) for term in found]


steps = st.one_of(
    st.tuples(st.sampled_from("fgh"), st.sampled_from([1.0, 2.0, -0.5])),
    st.tuples(st.just("zero"), st.sampled_from("fgh")),
    st.tuples(st.just("hand"), st.just(0.0)),
)


@given(st.lists(steps, max_size=8))
def test_every_history_is_told_apart(history: list[tuple[str, Any]]) -> None:
    x, _, roots = outputs()
    swept: list[tuple[str, float]] = []  # what x has got since it was last forgotten
    for name, what in history:
        if name == "zero":
            roots[what].zero_grad()
            swept.clear()
        elif name == "hand":
            x.grad = 0.0
            swept.clear()
        else:
            roots[name].backward(what)
            swept.append((name, what))
    f = roots["f"]
    found = History(f, [x, f])
    assert x.grad == sum(SLOPES[name] * seed for name, seed in swept)
    if not x.reached:
        assert x not in found.sums
        return
    if x in found.unknown:
        assert ("hand", 0.0) in history
        assert x.grad == 0.0
        return
    brought = [(t.root.label, t.seed) for t in found.sums.get(x, []) for _ in range(t.calls)]
    assert sum(SLOPES[str(name)] * seed for name, seed in brought) == x.grad or x not in found.sums
    picture = f.draw(names=False)
    assert (x in found.sums or f in found.sums) == bool(picture.circuit.past.told)
    assert by_x(picture) == 6.0
    if x in found.sums:
        assert number_of(r"x\\text\{\.grad\} & .*?(-?[\d.]+)(?:\\quad.*)?(?: \\\\)?$", picture) == x.grad


def number_of(pattern: str, picture: Picture) -> float:
    found = re.search(pattern, picture.latex(), re.MULTILINE)
    assert found is not None, picture.latex()
    return float(found[1])


def by_x(picture: Picture) -> float:
    """The number that the LaTeX gives for ∂f/∂x."""
    return number_of(r"^\\frac\{\\partial f\}\{\\partial x\} & .*?(-?[\d.]+)(?: \\\\)?$", picture)


def test_one_sweep_needs_no_words() -> None:
    x, _, roots = outputs()
    roots["f"].backward()
    picture = roots["f"].draw(names=False)
    assert History(roots["f"], [x, roots["f"]]).sums == {}
    assert (picture.circuit.notes, picture.circuit.past.adjoints) == ([], {"n0": 6.0, "n1": 1.0})
    assert "grad" not in picture.latex()


def test_two_sweeps_in_every_form() -> None:
    x, _, roots = outputs()
    f = roots["f"]
    f.backward()
    f.backward()
    told = "∂ here is 2 × ∂f/∂·, of 2 backward sweeps from f"
    picture = f.draw(names=False, check=True)
    assert terms(History(f, [x]).sums[x]) == [("f", 1.0, 2)]
    assert told in picture.svg()
    assert told in picture.source
    assert picture.text().endswith(told)
    assert f"Here ∂ is of one sweep. In Python: {told}" in picture.html()
    assert "#8706; here" in picture.mermaid() or "∂ here is 2 × ∂f" in picture.mermaid()
    assert by_x(picture) == 6.0
    assert r"x\text{.grad} & = 2 \cdot \frac{\partial f}{\partial x} = 2 \cdot 6 = 12" in picture.latex()
    assert all(node.check is not None and node.check.agrees for node in picture.circuit.nodes)
    assert "one sweep: 6 ≈ 6" in picture.text()
    assert "2 × 6 = 12" in str(x.explain())
    assert "sweeps" not in f.steps()[0].draw().text()


def test_several_outputs_and_seeds() -> None:
    x, _, roots = outputs()
    roots["f"].backward()
    roots["h"].backward(-2.0)
    picture = roots["f"].draw(names=False)
    assert picture.circuit.past.told == [
        "∂ of x is ∂f/∂· + −2 × ∂h/∂·, of 1 backward sweep from f and 1 backward sweep from h with the seed −2"
    ]
    assert r"x\text{.grad} & = \frac{\partial f}{\partial x} + \left(-2\right) \cdot \frac{\partial h}{\partial x}" in (
        picture.latex()
    )
    assert x.grad == 0.0


def test_an_output_that_was_not_swept_from() -> None:
    _, _, roots = outputs()
    loss = math.exp(roots["f"] / 9.0).named("loss")
    loss.backward()
    picture = roots["f"].draw(names=False)
    assert picture.circuit.past.told == ["∂ here is ∂loss/∂·, of 1 backward sweep from loss"]
    assert by_x(picture) == 6.0
    _, _, roots = outputs()
    kept = weakref.ref(roots["g"])
    roots["g"].backward()
    del roots["g"]
    assert kept() is None
    assert roots["f"].draw(names=False).circuit.past.told == [
        "∂ here is set by hand, replayed since, or from sweeps that are not known any more"
    ]


def test_a_gradient_set_by_hand_is_checked_as_it_stands() -> None:
    x, _, roots = outputs()
    roots["f"].backward()
    x.grad = 5.0
    picture = roots["f"].draw(names=False, check=True)
    assert [node.check is not None and node.check.agrees for node in picture.circuit.nodes] == [False, True]
    assert r"x\text{.grad} & = 5\quad\text{(set by hand, or from outputs that are gone)}" in picture.latex()


def test_a_picture_is_of_when_it_was_drawn() -> None:
    _, _, roots = outputs()
    roots["f"].backward()
    picture = roots["f"].draw(names=False)
    before = picture.latex(), picture.text()
    roots["f"].backward()
    assert (picture.latex(), picture.text()) == before


def test_many_sweeps_and_sums_take_few_words() -> None:
    x = Value(1.0, "x")
    inputs = [Value(float(i), f"w{i}") for i in range(20)]
    each = [(x * w).named(f"f{i}") for i, w in enumerate(inputs)]
    total = sum(each, Value(0.0)).named("total")
    for one in each:
        one.backward()
    told = total.draw(names=False).circuit.past.told
    assert len(told) <= 5
    assert max(map(len, told)) < 2_000


def test_a_thousand_sweeps_are_one_sum() -> None:
    w = Value(0.1, "w")
    losses = [(w * float(i) - 1.0) ** 2 for i in range(1000)]
    for loss in losses:
        loss.backward()
    found = History(losses[3], [w])
    assert len(found.sums[w]) == 1000
    assert found.unknown == set()
    assert w.explain().remainder == 0.0
    told = losses[3].draw(names=False).circuit.past.told
    assert told == ["∂ of w is the sum of 1,000 backward sweeps from 1,000 outputs"]
    w.grad = 0.0
    losses[7].backward()
    losses[8].backward()
    assert terms(History(losses[3], [w]).sums[w]) == [(None, 1.0, 1), (None, 1.0, 1)]
