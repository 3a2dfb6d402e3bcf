"""Rows of any layout for kernels that want columns: the loop over batches, around a kernel's body, as LLVM assembly.

A batch of rows is brought into columns that fit the first cache, the body runs over them in whole vectors, and the
results are brought back; what already is a contiguous column is used where it lies. Numbers next to each other in a row
are moved up to four columns at a time, by transposing in registers. The sums over rows are made per batch, then added
up with their rounding errors (Neumaier 1974). This code knows no program: one module serves every kernel of a width.
"""

from __future__ import annotations

from collections.abc import Sequence

# The words of a plan (i64), which `llvm.RowsKernel` fills in.
HEADER = ["body", "batch", "ins", "outs", "shared", "sums"]
MOVE = ["mover", "base", "stride", "first", "direct"]
MOVER = "void (ptr, i64, ptr, i64, i64)"


def together(width: int) -> int:
    """How many columns are moved at a time, at most."""
    return min(width, 4)


def assembly(width: int) -> str:
    """The movers ``@in1`` … ``@out4`` and the loop ``@run``."""
    movers = [_mover(width, k, inwards) for k in range(1, together(width) + 1) for inwards in (True, False)]
    k = together(width)
    declared = [
        f"declare <{k} x double> @llvm.masked.load.v{k}f64.p0(ptr, i32, <{k} x i1>, <{k} x double>)",
        f"declare void @llvm.masked.store.v{k}f64.p0(<{k} x double>, ptr, i32, <{k} x i1>)",
    ]
    return "\n".join([*declared, *movers, _loop(width)])


# ---- movers ----------------------------------------------------------------------------------------------------------


def _mover(width: int, count: int, inwards: bool) -> str:
    """``(column, bytes, rows, stride, n)``: between `n` rows of `count` numbers, `stride` bytes apart, and as many
    columns, `bytes` apart. Inwards the last vector of a column is filled up with the last row.
    """
    tile = _tile_in(width, count) if inwards else _tile_out(width, count)
    name = f"{'in' if inwards else 'out'}{count}"
    single: list[str] = []
    for c in range(count):
        single += [
            f"  %e{c} = getelementptr i8, ptr %row1, i64 {8 * c}",
            f"  %f{c} = mul i64 %bytes, {c}",
            f"  %g{c} = getelementptr i8, ptr %column, i64 %f{c}",
            f"  %h{c} = getelementptr double, ptr %g{c}, i64 %j",
        ]
        source, target = (f"%e{c}", f"%h{c}") if inwards else (f"%h{c}", f"%e{c}")
        single += [f"  %x{c} = load double, ptr {source}, align 1", f"  store double %x{c}, ptr {target}, align 1"]
    # Inwards the single rows go on to the next whole vector, where the row is the last.
    end = (
        f"""  %up = add i64 %n, {width - 1}
  %end = and i64 %up, -{width}"""
        if inwards
        else "  %end = add i64 %n, 0"
    )
    return f"""
define void @{name}(ptr %column, i64 %bytes, ptr %rows, i64 %stride, i64 %n) nounwind {{
entry:
  %last = sub i64 %n, 1
  %whole = and i64 %n, -{width}
{end}
  br label %tiles
tiles:
  %i = phi i64 [ 0, %entry ], [ %i2, %tile ]
  %more = icmp slt i64 %i, %whole
  br i1 %more, label %tile, label %singles
tile:
  %from = mul i64 %i, %stride
  %row = getelementptr i8, ptr %rows, i64 %from
{tile}
  %i2 = add i64 %i, {width}
  br label %tiles
singles:
  %j = phi i64 [ %whole, %tiles ], [ %j2, %single ]
  %some = icmp slt i64 %j, %end
  br i1 %some, label %single, label %done
single:
  %past = icmp sgt i64 %j, %last
  %at = select i1 %past, i64 %last, i64 %j
  %from1 = mul i64 %at, %stride
  %row1 = getelementptr i8, ptr %rows, i64 %from1
{chr(10).join(single)}
  %j2 = add i64 %j, 1
  br label %singles
done:
  ret void
}}"""


def _tile_in(width: int, count: int) -> str:
    lines = []
    if count == 1:
        vector = "poison"
        for r in range(width):
            lines += [
                f"  %o{r} = mul i64 %stride, {r}",
                f"  %p{r} = getelementptr i8, ptr %row, i64 %o{r}",
                f"  %a{r} = load double, ptr %p{r}, align 1",
                f"  %b{r} = insertelement <{width} x double> {vector}, double %a{r}, i32 {r}",
            ]
            vector = f"%b{r}"
        columns = [vector]
    else:
        k = together(width)
        for r in range(width):
            lines += [f"  %o{r} = mul i64 %stride, {r}", f"  %p{r} = getelementptr i8, ptr %row, i64 %o{r}"]
            if count == k:
                lines.append(f"  %a{r} = load <{k} x double>, ptr %p{r}, align 1")
            else:
                lines.append(
                    f"  %a{r} = call <{k} x double> @llvm.masked.load.v{k}f64.p0(ptr %p{r}, i32 1, "
                    f"<{k} x i1> {_mask(k, count)}, <{k} x double> zeroinitializer)"
                )
        vectors = [f"%a{r}" for r in range(width)]
        if width > k:  # row r beside row r + k
            for r in range(k):
                lines.append(_shuffle(f"%w{r}", k, f"%a{r}", f"%a{r + k}", range(width)))
            vectors = [f"%w{r}" for r in range(k)]
        columns = _transposed(width, vectors, lines)[:count]
    for c, column in enumerate(columns):
        lines += _column(c)
        lines.append(f"  store <{width} x double> {column}, ptr %d{c}, align 8")
    return "\n".join(lines)


def _tile_out(width: int, count: int) -> str:
    lines, k = [], together(width)
    for c in range(count):
        lines += _column(c)
        lines.append(f"  %v{c} = load <{width} x double>, ptr %d{c}, align 8")
    rows: list[str] = []
    if count > 1:
        vectors = [f"%v{min(c, count - 1)}" for c in range(k)]
        vectors = _transposed(width, vectors, lines)
        for r in range(width):
            if width > k:
                half = range(k) if r < k else range(k, width)
                lines.append(_shuffle(f"%w{r}", width, vectors[r % k], "poison", half))
                rows.append(f"%w{r}")
            else:
                rows.append(vectors[r])
    for r in range(width):
        lines += [f"  %o{r} = mul i64 %stride, {r}", f"  %p{r} = getelementptr i8, ptr %row, i64 %o{r}"]
        if count == 1:
            lines += [
                f"  %a{r} = extractelement <{width} x double> %v0, i32 {r}",
                f"  store double %a{r}, ptr %p{r}, align 1",
            ]
        elif count == k:
            lines.append(f"  store <{k} x double> {rows[r]}, ptr %p{r}, align 1")
        else:
            lines.append(
                f"  call void @llvm.masked.store.v{k}f64.p0(<{k} x double> {rows[r]}, ptr %p{r}, i32 1, "
                f"<{k} x i1> {_mask(k, count)})"
            )
    return "\n".join(lines)


def _column(c: int) -> list[str]:
    return [
        f"  %c{c} = mul i64 %bytes, {c}",
        f"  %cc{c} = getelementptr i8, ptr %column, i64 %c{c}",
        f"  %d{c} = getelementptr double, ptr %cc{c}, i64 %i",
    ]


def _transposed(width: int, vectors: Sequence[str], lines: list[str]) -> list[str]:
    """Squares of as many lanes as there are vectors, each transposed, in log₂ steps."""
    k, now = len(vectors), list(vectors)
    step = 1
    while step < k:
        new = list(now)
        for i in range(k):
            if not i & step:
                a, b, j = now[i], now[i + step], i + step
                new[i], new[j] = f"%s{step}.{i}", f"%s{step}.{j}"
                lanes = range(width)
                low = [lane if not lane & step else width + lane - step for lane in lanes]
                high = [lane + step if not lane & step else width + lane for lane in lanes]
                lines.append(_shuffle(new[i], width, a, b, low))
                lines.append(_shuffle(new[j], width, a, b, high))
        now, step = new, 2 * step
    return now


def _shuffle(name: str, width: int, a: str, b: str, lanes: Sequence[int]) -> str:
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return f"  {name} = shufflevector <{width} x double> {a}, <{width} x double> {b}, <{len(lanes)} x i32> <{mask}>"


def _mask(width: int, count: int) -> str:
    return "<" + ", ".join(f"i1 {'true' if i < count else 'false'}" for i in range(width)) + ">"


# ---- the loop --------------------------------------------------------------------------------------------------------


def _word(name: str, plan: str, place: int) -> str:
    return f"""  %{name}.p = getelementptr i64, ptr {plan}, i64 {place}
  %{name} = load i64, ptr %{name}.p, align 8"""


def _moves(kind: str, before: bool) -> str:
    """The moves of one batch. Before the body what comes in, and where the outcome is to go; after it what goes out."""
    inwards = kind == "in" and before
    tag = f"{kind}{'' if before else 's'}"
    came = {"in": "rows", "out": "in.done", "outs": "ran"}[tag]
    words = "\n".join(_word(f"{tag}.{word}", f"%{tag}.move", i) for i, word in enumerate(MOVE))
    call = f"""  %{tag}.f = inttoptr i64 %{tag}.mover to ptr
  call void %{tag}.f(ptr %{tag}.column, i64 %bytes, ptr %{tag}.at, i64 %{tag}.stride, i64 %n)"""
    # A contiguous column is used where it lies, unless its last vector is not whole.
    point = (
        f"""  %{tag}.used = select i1 %{tag}.here, ptr %{tag}.at, ptr %{tag}.column
  %{tag}.t = getelementptr ptr, ptr %{kind}.table, i64 %{tag}.first
  store ptr %{tag}.used, ptr %{tag}.t, align 8"""
        if before
        else ""
    )
    action = (
        f"""  br i1 %{tag}.here, label %{tag}.next, label %{tag}.moving
{tag}.moving:
{call}
  br label %{tag}.next"""
        if inwards or not before
        else f"  br label %{tag}.next"
    )
    return f"""  br label %{tag}.loop
{tag}.loop:
  %{tag}.i = phi i64 [ 0, %{came} ], [ %{tag}.i2, %{tag}.next ]
  %{tag}.more = icmp slt i64 %{tag}.i, %{kind}s
  br i1 %{tag}.more, label %{tag}.body, label %{tag}.done
{tag}.body:
  %{tag}.o = mul i64 %{tag}.i, {8 * len(MOVE)}
  %{tag}.move = getelementptr i8, ptr %{kind}.moves, i64 %{tag}.o
{words}
  %{tag}.from = mul i64 %r, %{tag}.stride
  %{tag}.b = inttoptr i64 %{tag}.base to ptr
  %{tag}.at = getelementptr i8, ptr %{tag}.b, i64 %{tag}.from
  %{tag}.c = mul i64 %{tag}.first, %bytes
  %{tag}.column = getelementptr i8, ptr %{kind}.columns, i64 %{tag}.c
  %{tag}.d = icmp ne i64 %{tag}.direct, 0
  %{tag}.here = and i1 %{tag}.d, %even
{point}
{action}
{tag}.next:
  %{tag}.i2 = add i64 %{tag}.i, 1
  br label %{tag}.loop
{tag}.done:"""


def _loop(width: int) -> str:
    vector = f"<{width} x double>"
    header = "\n".join(_word(name, "%plan", i) for i, name in enumerate(HEADER))
    return f"""
define void @run(ptr %plan, ptr %in.moves, ptr %out.moves, ptr %in.table, ptr %out.table, ptr %in.columns,
    ptr %out.columns, ptr %sum, ptr %total, ptr %error, ptr %frame, i64 %begin, i64 %end) nounwind {{
entry:
{header}
  %bytes = mul i64 %batch, 8
  %f = inttoptr i64 %body to ptr
  %shared.p2 = inttoptr i64 %shared to ptr
  br label %loop
loop:
  %r = phi i64 [ %begin, %entry ], [ %r2, %summed ]
  %some = icmp slt i64 %r, %end
  br i1 %some, label %rows, label %done
rows:
  %left = sub i64 %end, %r
  %fits = icmp slt i64 %left, %batch
  %n = select i1 %fits, i64 %left, i64 %batch
  %rest = and i64 %n, {width - 1}
  %even = icmp eq i64 %rest, 0
{_moves("in", True)}
{_moves("out", True)}
  call void %f(ptr %in.table, ptr %out.table, ptr %shared.p2, ptr %sum, ptr %frame, i64 %n)
  br label %ran
ran:
{_moves("out", False)}
  br label %adding
adding:
  %q = phi i64 [ 0, %outs.done ], [ %q2, %added ]
  %more = icmp slt i64 %q, %sums
  br i1 %more, label %added, label %summed
added:
  %s.p = getelementptr {vector}, ptr %sum, i64 %q
  %t.p = getelementptr {vector}, ptr %total, i64 %q
  %e.p = getelementptr {vector}, ptr %error, i64 %q
  %s = load {vector}, ptr %s.p, align 8
  %t = load {vector}, ptr %t.p, align 8
  %e = load {vector}, ptr %e.p, align 8
  %t2 = fadd {vector} %t, %s
  %back = fsub {vector} %t2, %t
  %was = fsub {vector} %t2, %back
  %lost1 = fsub {vector} %t, %was
  %lost2 = fsub {vector} %s, %back
  %lost = fadd {vector} %lost1, %lost2
  %e2 = fadd {vector} %e, %lost
  store {vector} zeroinitializer, ptr %s.p, align 8
  store {vector} %t2, ptr %t.p, align 8
  store {vector} %e2, ptr %e.p, align 8
  %q2 = add i64 %q, 1
  br label %adding
summed:
  %r2 = add i64 %r, %n
  br label %loop
done:
  ret void
}}"""
