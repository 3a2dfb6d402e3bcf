"""Rows into columns and columns into rows, as LLVM assembly: `movers`.

Up to four numbers next to each other in a row are moved at a time, by transposing squares of them in registers.
"""

from __future__ import annotations

from collections.abc import Sequence


def movers(width: int) -> list[str]:
    """The functions ``@in1`` … ``@out4``, for vectors of `width` numbers."""
    k = together(width)
    return [
        f"declare <{k} x double> @llvm.masked.load.v{k}f64.p0(ptr, i32, <{k} x i1>, <{k} x double>)",
        f"declare void @llvm.masked.store.v{k}f64.p0(<{k} x double>, ptr, i32, <{k} x i1>)",
        *[_mover(width, k, inwards) for k in range(1, together(width) + 1) for inwards in (True, False)],
    ]


def together(width: int) -> int:
    """How many columns are moved at a time, at most."""
    return min(width, 4)


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
