"""Loops and stacks as LLVM assembly, in vectors of any width.

A loop is a function of its own: its body is written as any program is, reading its inputs from one small array and
writing its outputs to another, which LLVM's optimiser keeps in registers. Stacks lie in the frame of the program they
belong to; those whose length is known only when they are made are allocated, and freed when that program has ended.
Where lanes part they are masked: a vector takes as many steps as its longest lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...program import Loop, Operand, Part, Stack
from .ir import Code

if TYPE_CHECKING:
    from .kernel import _Writer

_ASKS = 1 << 16  # steps, after which Python is asked for interrupts


def write(writer: _Writer, index: int, here: dict[int, str], lines: list[str]) -> None:
    """The lines of an instruction that is no row of the table."""
    op, operands, _ = writer.program.instructions[index - writer.inputs]
    if isinstance(op, Stack):
        _stack(writer, index, operands, here, lines)
    elif isinstance(op, Loop):
        given: list[str] = []
        kind = writer.code.number_type
        for x, takes in zip(operands, op.arg_types):
            if takes is list:
                given.append(f"ptr {pointer(writer, int(x), f'{index}.{len(given)}', lines)}")
            else:
                given.append(f"{kind} {writer.operand(x, here, lines)}")
        lines.append(_at(f"%area{index}", writer, "%frame", writer.areas[index]))
        lines.append(f"  call void @{writer.name}.loop{index}({', '.join([*given, f'ptr %area{index}'])})")
    elif isinstance(op, Part) and op.result_type is float:
        at, place = "%frame", op.index
        if op.source is list:
            at = pointer(writer, int(operands[0]), f"{index}", lines)
        else:
            place += writer.areas[int(operands[0])]
        lines.append(_at(f"%p{index}", writer, at, place))
        lines.append(f"  %x{index} = load {writer.code.number_type}, ptr %p{index}, align 8")
        here[index] = f"%x{index}"


def area(writer: _Writer, index: int) -> int:
    """How many numbers a loop or a stack needs of the frame."""
    op, operands, _ = writer.program.instructions[index - writer.inputs]
    if isinstance(op, Stack):
        return 0 if _in_place(writer, operands) is not None else len(operands)
    if not isinstance(op, Loop):  # of a loop's stack the loop has the place
        return 0
    return _results(op) + (op.count or 0) * op.made + max(body.frame for body in writer.bodies[index])


def _results(loop: Loop) -> int:
    """The last carry, and the number of steps or the addresses of stacks."""
    return loop.carry + (1 if loop.test else loop.made if loop.counted else 0)


def _at(name: str, writer: _Writer, base: str, place: int | str) -> str:
    return f"  {name} = getelementptr {writer.code.number_type}, ptr {base}, i64 {place}"


# ---- stacks ----------------------------------------------------------------------------------------------------------


def pointer(writer: _Writer, stack: int, tag: str, lines: list[str]) -> str:
    """The address of a stack, whose numbers lie one after the other."""
    op, operands, _ = writer.program.instructions[stack - writer.inputs]
    name = f"%stack{tag}"
    if isinstance(op, Stack):
        known = _in_place(writer, operands)
        lines.append(_at(name, writer, *(known or ("%frame", writer.areas[stack]))))
        return name
    assert isinstance(op, Part)
    whole = int(operands[0])
    loop = writer.program.instructions[whole - writer.inputs].op
    assert isinstance(loop, Loop)
    if loop.counted:
        lines.append(_at(f"{name}.p", writer, "%frame", writer.areas[whole] + op.index))
        lines.append(f"  {name} = load ptr, ptr {name}.p, align 8")
    else:
        place = writer.areas[whole] + _results(loop) + (op.index - loop.carry) * (loop.count or 0)
        lines.append(_at(name, writer, "%frame", place))
    return name


def _run(operands: Sequence[Operand], inputs: int) -> tuple[int, int] | None:
    """The first of the inputs that a stack is made of and the step between them; None if it is made otherwise."""
    first = operands[0]
    step = 1 if len(operands) == 1 or not isinstance(operands[1], int) else operands[1] - int(first)
    last = int(first) + step * (len(operands) - 1) if isinstance(first, int) else -1
    if not isinstance(first, int) or not 0 <= last < inputs or first >= inputs or step == 0:
        return None
    return (first, step) if tuple(operands) == tuple(range(first, last + (1 if step > 0 else -1), step)) else None


def _in_place(writer: _Writer, operands: Sequence[Operand]) -> tuple[str, int] | None:
    """Where a stack lies that needs no copy: among the inputs, or, of one lane, constants."""
    run = _run(operands, writer.inputs)
    if run is not None and run[1] == 1 and writer.varying is None:
        return "%in", run[0]
    if writer.code.width == 1 and all(isinstance(x, float) for x in operands):
        return _array(writer, operands), 0
    return None


def _stack(writer: _Writer, index: int, operands: Sequence[Operand], here: dict[int, str], lines: list[str]) -> None:
    if _in_place(writer, operands) is not None:
        return
    target = pointer(writer, index, f"{index}.to", lines)
    source, given, step = f"%from{index}", "", 1
    run = _run(operands, writer.inputs)
    if all(isinstance(x, float) for x in operands):
        source, given = _array(writer, operands), "splat"
    elif run is not None:
        first, step = run
        varying = [True] if writer.varying is None else [writer.varying[int(x)] for x in operands]
        given = "lanes" if writer.varying is None else "columns" if all(varying) else "" if any(varying) else "splat"
        bases = {"lanes": ("%in", writer.code.number_type), "columns": ("%in", "ptr"), "splat": ("%shared", "double")}
        if given:
            base, kind = bases[given]
            lines.append(f"  {source} = getelementptr {kind}, ptr {base}, i64 {first}")
    if given:
        at = "i64 %at, " if given == "columns" else ""
        lines.append(f"  call void @{given}(ptr {target}, ptr {source}, i64 {step}, {at}i64 {len(operands)})")
        return
    kind = writer.code.number_type
    for k, x in enumerate(operands):
        text = writer.operand(x, here, lines)
        lines.append(_at(f"%e{index}.{k}", writer, target, k))
        lines.append(f"  store {kind} {text}, ptr %e{index}.{k}, align 8")


def _array(writer: _Writer, numbers: Sequence[Operand]) -> str:
    """The name of a constant array."""
    key = tuple(numbers)
    if key not in writer.arrays:
        name = writer.arrays[key] = f"@{writer.name}.array{len(writer.arrays)}"
        items = ", ".join(f"double {Code(1).literal(float(x))}" for x in numbers)
        writer.unit.texts.append(f"{name} = internal constant [{len(numbers)} x double] [{items}]")
    return writer.arrays[key]


def movers(width: int) -> str:
    """What copies numbers to a stack: ``(to, from, step, count)``, each in every lane (`splat`), or in lanes already
    (`lanes`); and ``(to, table, step, at, count)`` from columns, whose addresses are in a table (`columns`).
    """
    lanes, whole = f"<{width} x double>", "  %v = load {kind}, ptr %p, align 8"
    spread = f"""  %d = load double, ptr %p, align 8
  %w = insertelement {lanes} poison, double %d, i32 0
  %v = shufflevector {lanes} %w, {lanes} poison, <{width} x i32> zeroinitializer"""
    found = """  %q = load ptr, ptr %p, align 8
  %r = getelementptr i8, ptr %q, i64 %at
  %v = load {kind}, ptr %r, align 8"""
    text = """define internal void @{name}(ptr %to, ptr %from, i64 %step, {more}i64 %count) nounwind {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i2, %one ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %one, label %done
one:
  %place = mul i64 %i, %step
  %p = getelementptr {unit}, ptr %from, i64 %place
{load}
  %t = getelementptr {kind}, ptr %to, i64 %i
  store {kind} %v, ptr %t, align 8
  %i2 = add i64 %i, 1
  br label %loop
done:
  ret void
}}"""
    kind = "double" if width == 1 else lanes
    wholes = ("lanes", kind, "", whole), ("columns", "ptr", "i64 %at, ", found)
    return "\n".join(
        text.format(name=name, unit=unit, more=more, load=load.format(kind=kind), kind=kind)
        for name, unit, more, load in (("splat", "double", "", whole if width == 1 else spread), *wholes)
    )


# ---- loops -----------------------------------------------------------------------------------------------------------


def function(writer: _Writer, index: int, loop: Loop) -> str:
    """``@….loop(carry, stacks, constants, number, area)``."""
    code, name = writer.code, f"{writer.name}.loop{index}"
    kind, width = code.number_type, code.width
    body, *tests = [f"{name}.{part}" for part in ("body", "test")[: len(writer.bodies[index])]]
    texts = [each.plain(part) for each, part in zip(writer.bodies[index], (body, *tests))]
    parameters = [f"{'ptr' if takes is list else kind} %a{k}" for k, takes in enumerate(loop.arg_types)]
    last = loop.carry + loop.stacks
    inputs = len(loop.body.inputs)
    made = range(loop.carry, len(loop.body.outputs))
    lines = [
        f"define internal void @{name}({', '.join([*parameters, 'ptr %area'])}) nounwind {{",
        "entry:",
        f"  %in = alloca [{max(inputs, 1)} x {kind}], align 64",
        f"  %out = alloca [{max(len(loop.body.outputs), 1)} x {kind}], align 64",
        _at("%frame", writer, "%area", _results(loop) + (loop.count or 0) * loop.made),
    ]

    def put(tag: str, text: str, base: str, place: int | str) -> None:
        lines.extend([_at(f"%{tag}.p", writer, base, place), f"  store {kind} {text}, ptr %{tag}.p, align 8"])

    def got(tag: str, base: str, place: int | str) -> str:
        lines.extend([_at(f"%{tag}.p", writer, base, place), f"  %{tag} = load {kind}, ptr %{tag}.p, align 8"])
        return f"%{tag}"

    for k in (*range(loop.carry), *range(last, inputs)):
        put(f"first{k}", f"%a{k}", "%in", k)
    count = f"{loop.count}"
    if loop.counted:
        longest = f"%a{inputs}"
        if width > 1:
            lines.append(f"  %longest = call double @llvm.vector.reduce.fmax.v{width}f64({kind} {longest})")
            longest = "%longest"
        lines += [f"  %count = fptosi double {longest} to i64", "  %room = add i64 %count, 1"]
        lines.append(f"  %bytes = mul i64 %room, {8 * width}")
        count = "%count"
    for k in made:
        if loop.counted:
            lines += [f"  %made{k} = call ptr @malloc(i64 %bytes)", _at(f"%made{k}.p", writer, "%area", k)]
            lines.append(f"  store ptr %made{k}, ptr %made{k}.p, align 8")
        else:
            lines.append(_at(f"%made{k}", writer, "%area", _results(loop) + (k - loop.carry) * (loop.count or 0)))
    truth, zero = code.truth_type, code.literal(0.0)
    lines += ["  br label %loop", "loop:", "  %i = phi i64 [ 0, %entry ], [ %i2, %next ]"]
    if loop.test:
        lines += [
            f"  %before = phi {truth} [ {code.truth(True).text}, %entry ], [ %active, %next ]",
            f"  %steps = phi {kind} [ {zero}, %entry ], [ %steps2, %next ]",
            f"  call void @{tests[0]}(ptr %in, ptr %out, ptr %frame)",
        ]
        lines.append(f"  %true = fcmp une {kind} {got('holds', '%out', 0)}, {zero}")
        lines += [f"  %active = and {truth} %before, %true", f"  %bits = bitcast {truth} %active to i{width}"]
        lines += [f"  %more = icmp ne i{width} %bits, 0", "  br i1 %more, label %body, label %done"]
    else:
        lines += [f"  %more = icmp slt i64 %i, {count}", "  br i1 %more, label %body, label %done"]
    lines += ["body:", f"  %rest = sub i64 {count if loop.reverse else 0}, 1"]
    lines.append(f"  %at = sub i64 {'%rest, %i' if loop.reverse else '%i, 0'}")
    masked = width > 1 and loop.count is None
    if masked and loop.counted:
        lines += [
            "  %here1 = sitofp i64 %at to double",
            f"  %here2 = insertelement {kind} poison, double %here1, i32 0",
            f"  %here = shufflevector {kind} %here2, {kind} poison, <{width} x i32> zeroinitializer",
            f"  %active = fcmp olt {kind} %here, %a{inputs}",
        ]
    for k in range(loop.carry, last):
        put(f"entry{k}", got(f"x{k}", f"%a{k}", "%at"), "%in", k)
    lines.append(f"  call void @{body}(ptr %in, ptr %out, ptr %frame)")
    for k in made:
        put(f"stored{k}", got(f"y{k}", "%out", k), f"%made{k}", "%at")
    for k in range(loop.carry):
        new = got(f"new{k}", "%out", k)
        if masked:
            old = got(f"old{k}", "%in", k)
            lines.append(f"  %next{k} = select {truth} %active, {kind} {new}, {kind} {old}")
            new = f"%next{k}"
        put(f"carried{k}", new, "%in", k)
    if loop.test:
        lines.append(f"  %one = fadd {kind} %steps, {code.literal(1.0)}")
        lines.append(f"  %steps2 = select {truth} %active, {kind} %one, {kind} %steps")
    lines += ["  %i2 = add i64 %i, 1", f"  %due = and i64 %i2, {_ASKS - 1}", "  %asks = icmp eq i64 %due, 0"]
    interrupted = writer.unit.interrupted() if loop.count is None or loop.count > _ASKS else None
    if interrupted is not None:
        lines += ["  br i1 %asks, label %ask, label %next", "ask:", f"  %stop = call i1 {interrupted}()"]
    lines.append(f"  br {'i1 %stop, label %done, ' if interrupted else ''}label %next")
    lines += ["next:", "  br label %loop", "done:"]
    for k in range(loop.carry):
        put(f"result{k}", got(f"last{k}", "%in", k), "%area", k)
    if loop.test:
        put("taken", "%steps", "%area", loop.carry)
    return "\n".join([*texts, *lines, "  ret void", "}"])


def freed(writer: _Writer, tag: str) -> list[str]:
    """The lines that free what the program's loops allocated."""
    lines: list[str] = []
    for index, (op, _, _) in enumerate(writer.program.instructions, writer.inputs):
        if isinstance(op, Loop) and op.counted:
            for k in range(op.carry, op.carry + op.made):
                name = f"%{tag}{index}.{k}"
                lines += [
                    _at(f"{name}.p", writer, "%frame", writer.areas[index] + k),
                    f"  {name} = load ptr, ptr {name}.p, align 8",
                    f"  call void @free(ptr {name})",
                ]
    return lines


__all__ = ["area", "freed", "function", "movers", "write"]
