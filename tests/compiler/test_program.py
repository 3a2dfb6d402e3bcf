"""The program: its text, what its verifier refuses, and its evaluation."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from autograd_lite import primitives
from autograd_lite.compiler import Builder, Instruction, Program
from autograd_lite.compiler import compile as compiled
from autograd_lite.derivatives import grad

LABELS = ["x", "", 'say "%9" = exp(%1), \\', "a\nb\u2028c", "🎈 ∂", "\ud800"]


def example() -> Program:
    builder = Builder()
    x, y = builder.input("x"), builder.input()
    q = builder.emit(primitives.add, (x, y), "q")
    return builder.program([q * -0.0, primitives.where(x < y, q, math.nan), 1e-320, -math.inf, x])


def test_the_text_is_the_program():
    text = str(example())
    assert text.splitlines() == [
        'program(%0 "x", %1)',
        '  %2 "q" = add(%0, %1)',
        "  %3 = mul(%2, -0.0)",
        "  %4 = less(%0, %1)",
        "  %5 = where(%4, %2, nan)",
        "  return %3, %5, 1e-320, -inf, %0",
    ]
    parsed = Program.parse(text)
    assert str(parsed) == text
    assert [i.op for i in parsed.instructions] == [primitives.add, primitives.mul, primitives.less, primitives.where]
    assert parsed.instructions[0].label == "q"
    assert repr(parsed(1.0, 2.0)) == repr(example()(1.0, 2.0)) == "(-0.0, 3.0, 1e-320, -inf, 1.0)"


@pytest.mark.parametrize("label", LABELS)
def test_any_label_survives_the_text(label: str):
    builder = Builder()
    program = builder.program([builder.emit(primitives.exp, (builder.input(label),), label)])
    parsed = Program.parse(str(program))
    assert parsed.inputs == (label,)
    assert parsed.instructions[0].label == label
    assert len(str(program).splitlines()) == 3


def test_a_program_without_anything():
    assert str(Program.parse("program()\n  return")) == "program()\n  return"
    assert Program((), (), ())() == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("program(x)\n return", "line 1: expected %index"),
        ("program(%0)\n  %1 = frobnicate(%0)\n  return %1", "line 2.*frobnicate"),
        ("program(%0)\n  %2 = exp(%0)\n  return %2", "line 2: values are numbered in order, here %1"),
        ("program(%0)\n  %1 = exp(zero)\n  return %1", "line 2.*'zero'"),
        ("program(%0)\n  %1 = exp(%0)", "line 2: expected return"),
        ("program(%0)\n  %1 = exp(%1)\n  return %1", "%1: 1 is neither an earlier value"),
        ("program(%0)\n  %1 = add(%0)\n  return %1", "%1: add has not 1 operands"),
        ("program(%0)\n  %1 = where(%0, 1.0, 2.0)\n  return %1", "%1: where takes a bool, %0 is none"),
        ("program(%0)\n  %1 = less(%0, 1.0)\n  %2 = exp(%1)\n  return %2", "%2: exp takes a float, %1 is none"),
        ("program(%0)\n  return %1", "return: 1 is neither"),
        ("program(%0)\n  %1 = constant()\n  return %1", "%1: constant has not 0 operands"),
        ("program(%0)\n  %1 = where(0.5, %0, 2.0)\n  return %1", "%1: where takes a bool, 0.5 is none"),
    ],
)
def test_what_is_no_program_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        Program.parse(text)


def test_an_operand_must_be_an_index_or_a_float():
    for operand in (True, 7, -1, "x", None):
        program = Program(("x",), (Instruction(primitives.exp, (operand,)),), (1,))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="%1: "):
            program.verify()


def test_a_program_cannot_be_changed_and_can_be_pickled():
    program = example()
    with pytest.raises(AttributeError):
        program.outputs = ()  # type: ignore[misc]
    assert str(pickle.loads(pickle.dumps(program))) == str(program)


def test_the_number_of_inputs_is_checked():
    with pytest.raises(TypeError, match="2 inputs, not 1"):
        example()(1.0)


def broken(program: Program) -> Iterator[tuple[str, Program]]:
    """The program with one thing wrong in it, every way."""
    first = len(program.inputs)
    for place, (op, operands, label) in enumerate(program.instructions):
        changes = {"one more": (*operands, 0), "one less": operands[1:], "none": ()}
        for i, operand in enumerate(operands):
            for wrong in (first + place, first + place + 1, 10**6, -1, True, np.float64(1.0), "0", None):
                changes[f"operand {i} is {wrong!r}"] = (*operands[:i], wrong, *operands[i + 1 :])  # type: ignore[assignment]
            if isinstance(operand, int):  # of the other kind
                for other in (x for x in range(first + place) if program.kind(x) is not program.kind(operand)):
                    changes[f"operand {i} is %{other}"] = (*operands[:i], other, *operands[i + 1 :])
        for what, changed in changes.items():
            instructions = list(program.instructions)
            instructions[place] = Instruction(op, changed, label)
            yield f"{op}: {what}", Program(program.inputs, tuple(instructions), program.outputs)
    yield "one dropped", Program(program.inputs, program.instructions[1:], program.outputs)
    yield "one twice", Program(program.inputs, program.instructions[:1] + program.instructions, program.outputs)
    yield "reversed", Program(program.inputs, program.instructions[::-1], program.outputs)
    for wrong in (10**6, -1, True, None):
        yield f"returns {wrong}", Program(program.inputs, program.instructions, (*program.outputs, wrong))  # type: ignore[arg-type]


def test_one_thing_wrong_is_found_wherever_it_is() -> None:
    builder = Builder()
    x, y = builder.input(), builder.input()
    truth = x < y
    outputs = [primitives.where(truth, primitives.exp(x), y * 2.0), primitives.where(truth, primitives.fma(x, y, x), x)]
    program = builder.program([builder.floated(truth), *outputs])
    program.verify()
    missed = []
    for what, wrong in broken(program):
        try:
            wrong.verify()
        except ValueError:
            continue
        missed.append(what)
    assert not missed


@pytest.mark.parametrize("stage", ["_as", "_operands", "_operand"])
def test_a_broken_stage_is_found_where_its_program_is_made(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    breaks = {
        "_as": lambda self, kind, operand: operand,  # truths and floats are not converted
        "_operands": lambda self, op, args: original(self, op, args)[::-1],
        "_operand": lambda self, arg: np.float64(arg) if isinstance(arg, float) else original(self, arg),
    }
    original = getattr(Builder, stage)
    monkeypatch.setattr(Builder, stage, breaks[stage])
    f = compiled(grad(lambda x: (x < 2.0) * x + primitives.where(x, x, 0.5)), target="python")
    with pytest.raises(ValueError, match=r"takes a|neither an earlier"):
        f(1.0)
