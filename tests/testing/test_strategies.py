"""The strategies: well defined by construction, of every row, and small when they fail."""

from __future__ import annotations

import math
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, Unsatisfiable

import autograd_lite
from autograd_lite import Value
from autograd_lite.primitives import Primitive, table
from autograd_lite.testing import Program, assemble, domain, inputs_for, is_well_defined, points, programs, values
from autograd_lite.testing.strategies import _off_the_gap

ROOT = Path(__file__).parents[2]
ROWS = [op for op in table.values() if max(op.arities) > 0]
smooth_or_not = pytest.mark.parametrize("smooth", [True, False])
# Every health check is on: a strategy that threw away what it drew would fail here.
many = settings(max_examples=300, suppress_health_check=[], phases=[Phase.generate], database=None, derandomize=True)


def drawn(strategy: st.SearchStrategy[Any], runs: settings = many) -> list[Any]:
    found: list[Any] = []

    @runs
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def is_smooth(program: Program) -> bool:
    """Whether no instruction sits at a kink, a tie or a pole; a whole number in its place makes none."""
    results = program.results(*program.point)
    return all(
        args in op.smooth or any(type(x) is float for x in operands)
        for op, operands, _ in program.instructions
        for args in [tuple(results[x] if type(x) is int else x for x in operands)]
    )


@pytest.mark.parametrize("op", ROWS, ids=repr)
@smooth_or_not
def test_arguments_of_a_row_lie_in_its_domain(op: Primitive, smooth: bool) -> None:
    region = op.smooth if smooth else op.domain
    arguments = drawn(domain(op, smooth=smooth), settings(many, max_examples=60))
    assert all(args in region and len(args) in op.arities for args in arguments)
    assert len(set(arguments)) > 10 or all(box[0].discrete for box in region.boxes)
    special = {args for args, _ in op.special_slopes if args in region and all(map(math.isfinite, args))}
    assert not special or special & set(arguments)


def test_the_largest_numbers_are_moved_off_a_gap_too() -> None:
    gap = table["remainder"].smooth.gap
    assert gap is not None
    for x in (sys.float_info.max, -sys.float_info.max, 4.0):
        moved = _off_the_gap(gap, (x, 1.0))
        assert all(map(math.isfinite, moved))
    assert gap(*moved) != 0.0


@smooth_or_not
def test_programs_use_every_row_and_are_well_defined(smooth: bool) -> None:
    found = drawn(programs(smooth=smooth, min_size=8, max_size=20), settings(many, max_examples=1500))
    used = Counter(op for program in found for op, *_ in program.instructions)
    assert set(used) == set(ROWS)
    for program in found:
        assert is_well_defined(program, program.point, smooth=smooth)
        assert all(map(math.isfinite, program.results(*program.point)))
    kinked = len(found) - sum(map(is_smooth, found))
    assert kinked == 0 if smooth else kinked > len(found) / 3


def test_programs_are_graphs_of_every_shape() -> None:
    found = drawn(programs(inputs=3, min_size=5, max_size=15))
    assert all(5 <= len(program) <= 15 and len(program.point) == 3 for program in found)
    uses = [Counter(x for _, xs, _ in p.instructions for x in xs if type(x) is int) for p in found]
    assert sum(max(counts.values()) > 2 for counts in uses) > 100  # a result used again and again
    assert any(len(set(xs)) < len(xs) for p in found for _, xs, _ in p.instructions)  # x * x
    assert all(set(range(3, 3 + len(p) - 1)) <= set(counts) for p, counts in zip(found, uses))  # nothing is left unused


def test_a_few_hundred_instructions() -> None:
    found = drawn(programs(min_size=200, max_size=400), settings(many, max_examples=10))
    assert all(200 <= len(program) <= 400 for program in found)


def test_a_program_that_cannot_be_long_is_not_drawn() -> None:
    assert all(len(p) >= 6 for p in drawn(programs(primitives=["log"], min_size=0), many) if len(p) >= 6)
    with pytest.raises(Unsatisfiable):
        find(programs(primitives=["exp"], min_size=20, max_size=20), lambda p: True)


@given(st.data(), programs())
def test_inputs_for_a_program(data: st.DataObject, program: Program) -> None:
    point = data.draw(inputs_for(program))
    assert is_well_defined(program, point)
    assert len(point) == len(program.point)


@pytest.mark.parametrize("op", ROWS, ids=repr)
def test_programs_of_one_row_are_as_long_as_they_must_be(op: Primitive) -> None:
    found = drawn(programs(primitives=[op], min_size=1, max_size=1), settings(many, max_examples=20))
    assert all([instruction.op for instruction in p.instructions] == [op] for p in found)


def test_inputs_are_not_only_the_programs_own_point() -> None:
    program = Program((3.0, 2.0), [("log", 0), ("mul", 1, 2)])
    assert len({x for point in drawn(inputs_for(program)) for x in point}) > 50


@given(programs(), st.booleans())
def test_a_program_prints_as_source_that_can_be_run(program: Program, smooth: bool) -> None:
    scope: dict[str, Any] = {}
    *definition, call = str(program).split("\n")
    exec("\n".join(definition), scope)
    assert eval(call, scope) == program(*program.point)
    again = eval(repr(program), {"Program": Program})
    assert again == program
    assert again.results(*program.point) == program.results(*program.point)


def test_programs_shrink_to_the_fewest_instructions_and_simplest_numbers() -> None:
    def has(name: str) -> Any:
        return lambda program: any(op.name == name for op, *_ in program.instructions)

    assert find(programs(), has("exp")) == Program((0.0,), [("exp", 0)])
    assert find(programs(), has("mul")) == Program((0.0,), [("mul", 0, 0)])
    chain = find(programs(), lambda p: len(p) == 3)
    (number,) = chain.point  # hypothesis before 6.135 may stop at -1.0, where no single step leads to 0.0
    assert abs(number) <= 1.0
    assert all(type(x) is int for _, operands, _ in chain.instructions for x in operands)
    for op in [op for op in ROWS if op.arities == (1,)][::12]:
        assert len(find(programs(primitives=["add", "exp", op]), has(op.name))) <= 3, op


def test_planted_topological_bugs_are_found_and_shrink() -> None:
    """A sweep in the order of a breadth-first walk visits a node before all that it flows to."""

    def breadth_first(z: Value) -> list[Value]:
        order, seen = [z], {z}
        for node in order:
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    order.append(parent)
        return order

    def differs(program: Program) -> bool:
        xs = [Value(x) for x in program.point]
        z = program(*xs)
        z.backward()
        adjoints: dict[Value, float] = {z: 1.0}
        for node in breadth_first(z):
            for parent, slope in zip(node.parents, node.local_grads):
                adjoints[parent] = adjoints.get(parent, 0.0) + adjoints[node] * slope
        return any(not math.isclose(adjoints.get(x, 0.0), x.grad, rel_tol=1e-6) for x in xs)

    assert len(find(programs(primitives=["add", "mul", "sin"]), differs)) <= 4


def test_assembling_leaves_out_what_is_ill_defined() -> None:
    log, neg = table["log"], table["neg"]
    assert assemble([-2.0], [(log, [0])]) == Program((-2.0,), [])
    assert assemble([-2.0, 5.0], [(log, [0])]) == Program((-2.0, 5.0), [("log", 1)])
    assert assemble([2.0], [(neg, [0]), (log, [0])]) == Program((2.0,), [("log", 0)])
    assert assemble([0.0], [(table["sqrt"], [0])]) == Program((0.0,), [])
    assert assemble([0.0], [(table["sqrt"], [0])], smooth=False) == Program((0.0,), [("sqrt", 0)])


def test_a_power_of_a_negative_base_has_a_whole_exponent() -> None:
    found = find(programs(primitives=["pow"]), lambda p: p.point[0] < 0 and len(p) == 1)
    base, exponent = found.instructions[0].operands
    assert base == 0
    assert type(exponent) is float
    assert exponent == int(exponent)


def test_values() -> None:
    assert all(-1.0 <= v.data < 2.0 for v in drawn(values(-1, 2, exclude_max=True)))
    assert all(math.isfinite(v.data) for v in drawn(values()))
    assert any(math.isnan(v.data) for v in drawn(values(allow_nan=True)))
    assert any(math.isinf(v.data) for v in drawn(values(allow_infinity=True)))
    assert find(values(label="x"), lambda v: v.data > 3).label == "x"


def test_points() -> None:
    found = drawn(points(3, -1, 1, exclude_min=True))
    assert all(len(p) == 3 and all(-1 < x <= 1 for x in p) for p in found)
    assert drawn(points(0)) == [()]


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (lambda: values(2, 1), "min_value"),
        (lambda: points(-1), "whole number of coordinates"),
        (lambda: points(2, 3.0, 1.0), "min_value"),
        (lambda: programs(primitives=["sine"]), "no primitive 'sine'"),
        (lambda: programs(primitives=[]), "no operation"),
        (lambda: programs(primitives=[math.sin]), "must be a primitive"),
        (lambda: programs(inputs=0), "inputs=0"),
        (lambda: programs(min_size=-1), "min_size=-1"),
        (lambda: programs(max_size=2.5), "max_size=2.5"),
        (lambda: programs(min_size=5, max_size=2), "larger than max_size"),
        (lambda: inputs_for("x * x"), "must be a Program"),
        (lambda: inputs_for(Program((-1.0,), [("log", 0)])), "not well defined"),
        (lambda: domain("sine"), "no primitive 'sine'"),
        (lambda: domain("sin", arity=2), "takes 1 argument"),
    ],
)
def test_bad_arguments_are_invalid(strategy: Any, told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        strategy().validate()


def test_a_program_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match="at least one input"):
        Program((), [])
    with pytest.raises(ValueError, match="%1: 1 is neither an earlier value"):
        Program((1.0,), [("sin", 1)])
    with pytest.raises(TypeError, match="takes 1 inputs, not 2"):
        Program((1.0,), [("sin", 0)])(1.0, 2.0)


def test_a_row_of_ones_own_can_be_drawn() -> None:
    from autograd_lite import custom

    cube = custom(lambda x: x**3, lambda y, x: 3 * x**2, name="cube")
    found = find(programs(primitives=[cube, "add"]), lambda p: any(op is cube for op, *_ in p.instructions))
    assert found(2.0) == 8.0
    assert "cube(x0)" in str(found)


ANNOTATED = """
from hypothesis import HealthCheck, given, strategies as st, settings
import sys, autograd_lite
assert "autograd_lite.testing" not in sys.modules
seen = []
@settings(max_examples=30, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(...)
def test(x: "autograd_lite.Value", y: float):
    seen.append(type(x).__name__)
test()
assert seen and set(seen) == {"Value"}, seen
print(st.from_type(autograd_lite.Value).example() is not None)
"""


def test_hypothesis_finds_values_by_itself(tmp_path: Path) -> None:
    """As installed: a distribution with the project's own entry points, in an interpreter that imports nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = tmp_path / f"{project['name']}-{autograd_lite.__version__}.dist-info"
    about.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {autograd_lite.__version__}\n"
    (about / "METADATA").write_text(metadata)
    points = project["entry-points"]["hypothesis"].items()
    (about / "entry_points.txt").write_text("[hypothesis]\n" + "".join(f"{k} = {v}\n" for k, v in points))
    path = f"import sys; sys.path[:0] = {[str(tmp_path), str(ROOT)]!r}\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", path + ANNOTATED], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"


def test_the_health_checks_are_on() -> None:
    assert set(many.suppress_health_check) == set()
    assert HealthCheck.filter_too_much not in many.suppress_health_check
