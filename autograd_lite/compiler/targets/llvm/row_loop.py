"""Rows of any layout for kernels that want columns: the loop over batches, around a kernel's body, as LLVM assembly.

A batch of rows is brought into columns that fit the first cache, the body runs over them in whole vectors, and the
results are brought back; what already is a contiguous column is used where it lies. Numbers next to each other in a row
are moved up to four columns at a time, by transposing in registers.

Batches come in chunks; a thread takes those of its own share first, which its caches may know from the call before, and
then what others have left. The sums over rows are made per batch, and a chunk's are added up with their rounding errors
(Neumaier 1974), so it does not matter who took it. This code knows no program: one module serves every kernel of a
width.
"""

from __future__ import annotations

from collections.abc import Mapping

from .transpose import movers

# The words of a plan (i64): the header, as many moves in and then out as it says, and then the shared numbers. The
# kernel has so many inputs and outputs, of which so many are read and written row by row, and so many are sums. Chunk c
# is the rows from begin + c·chunk on. Of the chunks, which are split into as many shares as there are threads, done are
# worked out, and taken says of each share, on a cache line of its own, how many. Totals and taken are addresses.
HEADER = (
    "body", "batch", "ins", "outs", "inputs", "outputs", "reads", "writes", "sums",
    "begin", "end", "chunk", "chunks", "done", "totals", "shares", "taken",
)  # fmt: skip
# A move is of count columns: from base, by stride from row to row, for the inputs or outputs from first on. They are
# kept in as many columns of the thread's own, from own on, unless a column can be used directly where it lies.
MOVE = ("mover", "base", "stride", "first", "own", "count", "direct")


def memory(header: Mapping[str, int], width: int, frame: int) -> int:
    """How many doubles a thread works in: pointers to the columns in and out, the columns, a batch's sums, the frame.

    Each begins with a cache line, so there is one more to begin the first with.
    """
    columns = [header["batch"] * header[name] for name in ("reads", "writes")]
    sizes = header["inputs"], header["outputs"], *columns, header["sums"] * width, frame * width
    return sum(_in_lines(size) for size in sizes) + _LINE


_LINE = 8  # doubles


def _in_lines(size: int) -> int:
    return size + -size % _LINE


def assembly(width: int) -> str:
    """The movers ``@in1`` … ``@out4`` and the loop ``@run``."""
    return "\n".join([*movers(width), _loop(width)])


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
  %{tag}.c = mul i64 %{tag}.own, %bytes
  %{tag}.column = getelementptr i8, ptr %{kind}.columns, i64 %{tag}.c
  %{tag}.d = icmp ne i64 %{tag}.direct, 0
  %{tag}.here = and i1 %{tag}.d, %even
{point}
{action}
{tag}.next:
  %{tag}.i2 = add i64 %{tag}.i, 1
  br label %{tag}.loop
{tag}.done:"""


def _pointers(kind: str, before: str) -> str:
    """The table of the thread's own columns; one that is used where it lies takes its place for a batch."""
    tag = f"{kind}.to"
    words = "\n".join(_word(f"{tag}.{word}", f"%{tag}.move", MOVE.index(word)) for word in ("first", "own", "count"))
    return f"""  br label %{tag}.loop
{tag}.loop:
  %{tag}.i = phi i64 [ 0, %{before} ], [ %{tag}.i2, %{tag}.next ]
  %{tag}.more = icmp slt i64 %{tag}.i, %{kind}s
  br i1 %{tag}.more, label %{tag}.begin, label %{tag}.done
{tag}.begin:
  %{tag}.o = mul i64 %{tag}.i, {8 * len(MOVE)}
  %{tag}.move = getelementptr i8, ptr %{kind}.moves, i64 %{tag}.o
{words}
  br label %{tag}.each
{tag}.each:
  %{tag}.k = phi i64 [ 0, %{tag}.begin ], [ %{tag}.k2, %{tag}.one ]
  %{tag}.less = icmp slt i64 %{tag}.k, %{tag}.count
  br i1 %{tag}.less, label %{tag}.one, label %{tag}.next
{tag}.one:
  %{tag}.number = add i64 %{tag}.own, %{tag}.k
  %{tag}.bytes = mul i64 %{tag}.number, %bytes
  %{tag}.column = getelementptr i8, ptr %{kind}.columns, i64 %{tag}.bytes
  %{tag}.place = add i64 %{tag}.first, %{tag}.k
  %{tag}.t = getelementptr ptr, ptr %{kind}.table, i64 %{tag}.place
  store ptr %{tag}.column, ptr %{tag}.t, align 8
  %{tag}.k2 = add i64 %{tag}.k, 1
  br label %{tag}.each
{tag}.next:
  %{tag}.i2 = add i64 %{tag}.i, 1
  br label %{tag}.loop
{tag}.done:"""


def _places(width: int) -> str:
    """Where everything stands in ``%plan``, and in the thread's memory, which begins with ``%in.table``."""
    lines = [_word(name, "%plan", i) for i, name in enumerate(HEADER)]
    lines += [
        f"  %in.moves = getelementptr i64, ptr %plan, i64 {len(HEADER)}",
        f"  %in.words = mul i64 %ins, {len(MOVE)}",
        f"  %out.words = mul i64 %outs, {len(MOVE)}",
        "  %out.moves = getelementptr i64, ptr %in.moves, i64 %in.words",
        "  %shared = getelementptr i64, ptr %out.moves, i64 %out.words",
        "  %bytes = mul i64 %batch, 8",
        "  %in.size = mul i64 %reads, %batch",
        "  %out.size = mul i64 %writes, %batch",
        f"  %sum.size = mul i64 %sums, {width}",
    ]
    sizes = ("%inputs", "%outputs", "%in.size", "%out.size", "%sum.size")
    names = ("%in.table", "%out.table", "%in.columns", "%out.columns", "%sum", "%frame")
    for name, following, size in zip(names, names[1:], sizes):
        lines += [
            f"  {following}.up = add i64 {size}, {_LINE - 1}",
            f"  {following}.off = and i64 {following}.up, -{_LINE}",
            f"  {following} = getelementptr double, ptr {name}, i64 {following}.off",
        ]
    return "\n".join(lines)


def _loop(width: int) -> str:
    """``@run(plan, memory, share, most)``: take chunks, those of one share first, and work them out, up to `most`; it
    returns how many there were.
    """
    vector = f"<{width} x double>"
    return f"""
define i64 @run(ptr %plan, ptr %in.table, i64 %share, i64 %most) nounwind {{
entry:
{_places(width)}
  %f = inttoptr i64 %body to ptr
  %total.0 = inttoptr i64 %totals to ptr
{_pointers("in", "entry")}
{_pointers("out", "in.to.done")}
  br label %clearing
clearing:
  %z = phi i64 [ 0, %out.to.done ], [ %z2, %cleared ]
  %dirty = icmp slt i64 %z, %sums
  br i1 %dirty, label %cleared, label %chunk.next
cleared:
  %z.p = getelementptr {vector}, ptr %sum, i64 %z
  store {vector} zeroinitializer, ptr %z.p, align 8
  %z2 = add i64 %z, 1
  br label %clearing
chunk.next:
  %count = phi i64 [ 0, %clearing ], [ %count2, %chunk.done ]
  %others = phi i64 [ 0, %clearing ], [ %others1, %chunk.done ]
  %enough = icmp sge i64 %count, %most
  br i1 %enough, label %leave, label %take
take:
  %others1 = phi i64 [ %others, %chunk.next ], [ %others2, %other ]
  %from = add i64 %share, %others1
  %of = urem i64 %from, %shares
  %taken.o = mul i64 %of, {8 * _LINE}
  %taken.b = inttoptr i64 %taken to ptr
  %taken.at = getelementptr i8, ptr %taken.b, i64 %taken.o
  %place = atomicrmw add ptr %taken.at, i64 1 monotonic
  %of2 = add i64 %of, 1
  %share.b = mul i64 %of, %chunks
  %share.e = mul i64 %of2, %chunks
  %share.first = udiv i64 %share.b, %shares
  %share.end = udiv i64 %share.e, %shares
  %c = add i64 %share.first, %place
  %there = icmp slt i64 %c, %share.end
  br i1 %there, label %chunk.rows, label %other
other:
  %others2 = add i64 %others1, 1
  %left.over = icmp slt i64 %others2, %shares
  br i1 %left.over, label %take, label %leave
leave:
  ret i64 %count
chunk.rows:
  %skipped = mul i64 %c, %chunk
  %first = add i64 %begin, %skipped
  %full = add i64 %first, %chunk
  %short = icmp slt i64 %full, %end
  %stop = select i1 %short, i64 %full, i64 %end
  %c2 = mul i64 %c, 2
  %t.off = mul i64 %c2, %sums
  %total = getelementptr {vector}, ptr %total.0, i64 %t.off
  %error = getelementptr {vector}, ptr %total, i64 %sums
  br label %loop
loop:
  %r = phi i64 [ %first, %chunk.rows ], [ %r2, %summed ]
  %some = icmp slt i64 %r, %stop
  br i1 %some, label %rows, label %chunk.done
rows:
  %left = sub i64 %stop, %r
  %fits = icmp slt i64 %left, %batch
  %n = select i1 %fits, i64 %left, i64 %batch
  %rest = and i64 %n, {width - 1}
  %even = icmp eq i64 %rest, 0
{_moves("in", True)}
{_moves("out", True)}
  call void %f(ptr %in.table, ptr %out.table, ptr %shared, ptr %sum, ptr %frame, i64 %n)
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
{_added(vector, "%t", "%s", "a")}
  %e2 = fadd {vector} %e, %a.lost
  store {vector} zeroinitializer, ptr %s.p, align 8
  store {vector} %a, ptr %t.p, align 8
  store {vector} %e2, ptr %e.p, align 8
  %q2 = add i64 %q, 1
  br label %adding
summed:
  %r2 = add i64 %r, %n
  br label %loop
chunk.done:
  %was = atomicrmw add ptr %done.p, i64 1 release
  %count2 = add i64 %count, 1
  br label %chunk.next
}}
{_SETTLED}
{_totals(width)}"""


# Whether all chunks are done, after so many looks.
_SETTLED = f"""
define i64 @settled(ptr %plan, i64 %most) nounwind {{
entry:
{_word("chunks", "%plan", HEADER.index("chunks"))}
  %done.p = getelementptr i64, ptr %plan, i64 {HEADER.index("done")}
  br label %look
look:
  %i = phi i64 [ 0, %entry ], [ %i2, %again ]
  %done = load atomic i64, ptr %done.p acquire, align 8
  %all = icmp sge i64 %done, %chunks
  br i1 %all, label %yes, label %again
again:
  %i2 = add i64 %i, 1
  %more = icmp slt i64 %i2, %most
  br i1 %more, label %look, label %no
yes:
  ret i64 1
no:
  ret i64 0
}}"""


def _totals(width: int) -> str:
    """``@total(plan, found)``: the sums over all chunks, in their order; an infinite or a nan one lost nothing."""
    vector = f"<{width} x double>"
    item = f"extractelement {vector}"
    lanes = [f"  %{x}{i} = {item} %{whole}.all, i32 {i}" for i in range(width) for x, whole in (("x", "t"), ("y", "e"))]
    t, e = "%x0", "%y0"
    for lane in range(1, width):
        lanes += [
            _added("double", t, f"%x{lane}", f"l{lane}"),
            f"  %m{lane} = fadd double %y{lane}, %l{lane}.lost",
            f"  %e{lane} = fadd double {e}, %m{lane}",
        ]
        t, e = f"%l{lane}", f"%e{lane}"
    words = "\n".join(_word(name, "%plan", HEADER.index(name)) for name in ("sums", "chunks", "totals"))
    return f"""
define void @total(ptr %plan, ptr %found) nounwind {{
entry:
{words}
  %base = inttoptr i64 %totals to ptr
  %step = mul i64 %sums, 2
  br label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k2, %lanes ]
  %more = icmp slt i64 %k, %sums
  br i1 %more, label %chunks.loop, label %done
chunks.loop:
  %c = phi i64 [ 0, %each ], [ %c2, %chunk ]
  %t.all = phi {vector} [ zeroinitializer, %each ], [ %a, %chunk ]
  %e.all = phi {vector} [ zeroinitializer, %each ], [ %e.next, %chunk ]
  %some = icmp slt i64 %c, %chunks
  br i1 %some, label %chunk, label %lanes
chunk:
  %o = mul i64 %c, %step
  %at = add i64 %o, %k
  %at.e = add i64 %at, %sums
  %s.p = getelementptr {vector}, ptr %base, i64 %at
  %e.p = getelementptr {vector}, ptr %base, i64 %at.e
  %s = load {vector}, ptr %s.p, align 8
  %e = load {vector}, ptr %e.p, align 8
{_added(vector, "%t.all", "%s", "a")}
  %lost = fadd {vector} %e, %a.lost
  %e.next = fadd {vector} %e.all, %lost
  %c2 = add i64 %c, 1
  br label %chunks.loop
lanes:
{chr(10).join(lanes)}
  %exact = fadd double {t}, {e}
  %gone = fsub double %exact, %exact
  %finite = fcmp oeq double %gone, 0.0
  %result = select i1 %finite, double %exact, double {t}
  %f.p = getelementptr double, ptr %found, i64 %k
  store double %result, ptr %f.p, align 8
  %k2 = add i64 %k, 1
  br label %each
done:
  ret void
}}"""


def _added(kind: str, a: str, b: str, name: str) -> str:
    """``a + b``, and what was lost in rounding it (Knuth's two-sum)."""
    return f"""  %{name} = fadd {kind} {a}, {b}
  %{name}.back = fsub {kind} %{name}, {a}
  %{name}.was = fsub {kind} %{name}, %{name}.back
  %{name}.lost1 = fsub {kind} {a}, %{name}.was
  %{name}.lost2 = fsub {kind} {b}, %{name}.back
  %{name}.lost = fadd {kind} %{name}.lost1, %{name}.lost2"""
