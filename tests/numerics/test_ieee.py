"""Events: what each row reports, in which words and at which line, and `errstate`, which says what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import math as std
import threading
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from autograd_lite import Value, errstate, math, primitives
from autograd_lite.value import apply

# ---- every row -------------------------------------------------------------------------------------------------------

WORDS = {"divide": "divide by zero", "over": "overflow", "invalid": "invalid value"}
KINDS = {words: kind for kind, words in WORDS.items()}
INF = std.inf
_PRODUCT = {"over": (1e300, 1e300), "invalid": (INF, 0.0)}
_POWER = {"divide": (0.0, -1.0), "over": (10.0, 309.0), "invalid": (-2.0, 0.5)}
_LOG = {"divide": (0.0,), "invalid": (-1.0,)}
_DIVISION = {"divide": (1.0, 0.0), "over": (1e300, 1e-300), "invalid": (0.0, 0.0)}

# For each row that makes an inf or a nan of numbers that are none: arguments for each kind of event it may be.
ROWS: dict[str, dict[str, tuple[float, ...]]] = {
    "add": {"over": (1e308, 1e308), "invalid": (INF, -INF)},
    "sub": {"over": (1e308, -1e308), "invalid": (INF, INF)},
    "mul": _PRODUCT,
    "div": _DIVISION,
    "fma": {"over": (1e300, 1e300, 1.0), "invalid": (INF, 0.0, 1.0)},
    "offset": {"over": (1e308, -1e308)},
    "ratio": {"divide": (1.0, 0.0), "over": (1e300, 1e-300)},
    "pow": _POWER,
    "shifted_pow": {kind: (*args, 0.0) for kind, args in _POWER.items()},
    "sqrt": {"invalid": (-1.0,)},
    "exp": {"over": (1000.0,)},
    "exp2": {"over": (1024.0,)},
    "expm1": {"over": (1000.0,)},
    "slope_of_log": {**_LOG, "over": (1e-310,)},
    "log": _LOG,
    "log2": _LOG,
    "log10": _LOG,
    "log1p": {"divide": (-1.0,), "invalid": (-2.0,)},
    "xlogy": {"divide": (2.0, 0.0), "over": (1e308, 1e300), "invalid": (2.0, -1.0)},
    "xlog1py": {"divide": (2.0, -1.0), "over": (1e308, 1e300), "invalid": (2.0, -2.0)},
    "sin": {"invalid": (INF,)},
    "cos": {"invalid": (INF,)},
    "tan": {"invalid": (INF,)},
    "asin": {"invalid": (2.0,)},
    "acos": {"invalid": (2.0,)},
    "hypot": {"over": (1.7e308, 1.7e308)},
    "sinh": {"over": (-1000.0,)},
    "cosh": {"over": (-1000.0,)},
    "acosh": {"invalid": (0.5,)},
    "atanh": {"divide": (-1.0,), "invalid": (2.0,)},
    "logit": {"divide": (0.0,), "invalid": (2.0,)},
    "erfinv": {"divide": (1.0,), "invalid": (2.0,)},
    "erfinv_slope": {"divide": (1.0,), "invalid": (2.0,)},
    "silu_derivative": {"invalid": (1.0, 0.5)},
    "gamma": {"divide": (0.0,), "over": (172.0,), "invalid": (-1.0,)},
    "lgamma": {"divide": (-1.0,), "over": (1e307,)},
    "digamma": {"divide": (0.0,), "over": (1e-310,), "invalid": (-1.0,)},
    "polygamma": {"divide": (1.0, -1.0), "over": (3.0, 1e-100), "invalid": (2.0, -1.0)},
    "sinc_derivative": {"invalid": (1.0, 0.5)},
    "fmod": {"invalid": (1.0, 0.0)},
    "remainder": {"invalid": (1.0, 0.0)},
    "mod": {"invalid": (1.0, 0.0)},
    "floordiv": _DIVISION,
    "ldexp": {"over": (1.0, 2000.0)},
    "fsum": {"over": (1e308, 1e308), "invalid": (INF, -INF)},
    "prod": _PRODUCT,
    "sumprod": _PRODUCT,
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kinds in ROWS.items() for kind in kinds])
def test_a_row_reports_its_events(name: str, kind: str) -> None:
    row, numbers = primitives.table[name], ROWS[name][kind]
    args = [Value(x, f"a{i}") for i, x in enumerate(numbers)]
    with pytest.warns(RuntimeWarning) as caught:
        y = apply(row, *args).data
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert y != y if kind == "invalid" else abs(y) == INF
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]
    message = str(caught[0].message)
    written = [f"a{i}={x}" for i, x in enumerate(numbers)]
    operation = f" {row.symbol} ".join(written) if row.infix else f"{name}({', '.join(written)})"
    assert message == f"{WORDS[kind]} encountered in {operation} = {y}"

    with errstate(**{kind: "raise"}), pytest.raises(FloatingPointError) as raised:
        apply(row, *args)
    assert str(raised.value) == message
    others = {other: "raise" for other in WORDS if other != kind}
    with errstate(**others, **{kind: "ignore"}):  # type: ignore[arg-type]
        assert repr(apply(row, *args).data) == repr(y)
    with errstate(**{kind: "raise"}), pytest.raises(FloatingPointError, match=WORDS[kind]):
        apply(row, *numbers)  # of plain floats too


CANDIDATES = (-INF, -1e308, -172.5, -2.0, -1.0, -0.5, -1e-310, -0.0, 0.0, 0.5, 1.0, 1.5, 3.0, 172.0, 1e4, 1e308, INF)


@pytest.mark.parametrize("name", [name for name in primitives.table if name != "constant"])
def test_a_row_reports_nothing_else(name: str) -> None:
    row = primitives.table[name]
    whole = [domain.discrete for domain in row.domain.box(0, row.arities[-1])]
    choices = [(0.0, 1.0, 2.0) if discrete else CANDIDATES for discrete in whole][:3]
    for args in itertools.product(*choices):
        if len(args) not in row.arities:
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            y = apply(row, *map(Value, args)).data
        made = (y != y) or (abs(y) == INF and all(abs(x) < INF for x in args))
        assert len(caught) == made, f"{name}{args} = {y}: {[str(w.message) for w in caught]}"
        if made:
            kind = KINDS[str(caught[0].message).split(" encountered")[0]]
            assert kind in ROWS.get(name, {}), f"{name}{args} = {y}: {kind}"
            assert (kind == "invalid") == (y != y)
        nan = (*args[:-1], std.nan)
        with errstate(all="raise"):
            apply(row, *map(Value, nan))  # what comes of a nan is no event


# ---- what users write ------------------------------------------------------------------------------------------------

EVENTS = [
    (lambda: Value(1.0, "a") / Value(0.0, "b"), "divide", std.inf, ["divide by zero", "a=1.0", "÷", "b=0.0"]),
    (lambda: math.log(Value(0.0, "x")), "divide", -std.inf, ["divide by zero", "log(x=0.0)"]),
    (lambda: math.exp(Value(1e3, "x")), "over", std.inf, ["overflow", "exp(x=1000.0)"]),
    (lambda: Value(1e300, "x") * 1e300, "over", std.inf, ["overflow", "x=1e+300 × 1e+300"]),
    (lambda: math.prod([Value(1e300, "x"), 1e300]), "over", std.inf, ["overflow", "prod(x=1e+300, 1e+300)"]),
    (lambda: Value(-10.0, "x") ** 309, "over", -std.inf, ["overflow", "x=-10.0 ** 309.0"]),
    (lambda: math.sqrt(Value(-1.0, "x")), "invalid", std.nan, ["invalid value", "sqrt(x=-1.0)"]),
    (lambda: Value(0.0, "x") / 0, "invalid", std.nan, ["invalid value", "x=0.0 ÷ 0.0"]),
    (lambda: math.sin(Value(std.inf, "x")), "invalid", std.nan, ["invalid value", "sin(x=inf)"]),
]


@pytest.mark.parametrize(("make", "kind", "result", "words"), EVENTS)
def test_events_warn_raise_or_pass(make: Any, kind: str, result: float, words: list[str]) -> None:
    with pytest.warns(RuntimeWarning) as caught:
        assert repr(make().data) == repr(result)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert all(word in str(caught[0].message) for word in words)
    with errstate(**{kind: "raise"}), pytest.raises(FloatingPointError) as raised:
        make()
    assert str(raised.value) == str(caught[0].message)
    with errstate(**{kind: "ignore"}):
        assert repr(make().data) == repr(result)


def test_errstates_nest_and_decorate() -> None:
    @errstate(all="ignore")
    def quiet() -> Value:
        return Value(1.0) / 0

    with errstate(all="raise"):
        with errstate(divide="ignore"):
            assert (Value(1.0) / 0).data == std.inf
            with pytest.raises(FloatingPointError):
                math.sqrt(-1.0)
        assert quiet().data == std.inf
        with pytest.raises(FloatingPointError):
            Value(1.0) / 0
    with pytest.warns(RuntimeWarning):
        Value(1.0) / 0
    with pytest.raises(ValueError, match="action"):
        errstate(all="loud")


def test_inf_and_nan_from_inf_and_nan_are_no_events() -> None:
    nan, inf = Value(std.nan), Value(std.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choices = math.maximum(nan, 1.0), math.maximum(1.0, nan), math.minimum(1.0, nan)
        for v in (nan + 1, nan.relu(), math.sqrt(nan), *choices):
            assert std.isnan(v.data)
        assert (inf + 1).data == std.inf
        f = nan.relu() * 2
        f.backward()
    assert std.isnan(nan.grad)


def test_an_unselected_branch_makes_no_nan() -> None:
    for at in (-1.0, 0.0):
        x = Value(at)
        with errstate(invalid="ignore"):
            f = math.where(x > 0, math.sqrt(x), 0)
        f.backward()
        assert (f.data, x.grad) == (0.0, 0.0)
    x = Value(4.0)
    math.where(x > 0, math.sqrt(x), 0).backward()
    assert x.grad == 0.25


# ---- the state -------------------------------------------------------------------------------------------------------


def pole() -> str:
    """What becomes of a pole here: "inf", "raised" or "warned"."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            assert (Value(1.0) / 0).data == INF
        except FloatingPointError:
            return "raised"
    return "warned" if caught else "inf"


def test_a_context_ends_with_its_block_even_by_an_exception() -> None:
    for action, outcome in (("raise", "raised"), ("ignore", "inf"), ("warn", "warned")):
        with contextlib.suppress(KeyError), errstate(divide=action):
            assert pole() == outcome
            raise KeyError
        assert pole() == "warned"


def test_one_instance_is_entered_again_inside_itself_and_another() -> None:
    strict, lax = errstate(all="raise"), errstate(all="ignore")
    with strict:
        with lax, strict, strict:
            with lax:
                assert pole() == "inf"
            assert pole() == "raised"
        assert pole() == "raised"
    assert pole() == "warned"
    with strict as entered:
        assert entered is strict


def test_all_and_its_exceptions() -> None:
    with errstate(all="raise", divide="ignore"):
        assert pole() == "inf"
        with pytest.raises(FloatingPointError):
            math.sqrt(Value(-1.0))
    with errstate(divide="ignore"), pytest.warns(RuntimeWarning, match="invalid"):
        math.sqrt(Value(-1.0))


@pytest.mark.parametrize("wrong", [{"divide": "loud"}, {"all": "print"}, {"over": "call"}])
def test_a_wrong_action_is_refused_before_the_block(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"an action is one of \"warn\", \"raise\" and \"ignore\""):
        errstate(**wrong)
    with pytest.raises(TypeError, match="under"):
        errstate(under="ignore")  # type: ignore[call-arg]


def test_a_decorated_function_keeps_its_name_and_arguments() -> None:
    @errstate(divide="ignore")
    def ratio(a: float, *, b: float = 0.0) -> str:
        """Of a and b."""
        return f"{a} {b} {pole()}"

    assert (ratio(1.0, b=2.0), pole()) == ("1.0 2.0 inf", "warned")
    assert (ratio.__name__, ratio.__doc__, str(inspect.signature(ratio))) == (
        "ratio",
        "Of a and b.",
        "(a: 'float', *, b: 'float' = 0.0) -> 'str'",
    )


def test_a_decorated_function_may_call_itself_and_raise() -> None:
    @errstate(divide="ignore")
    def down(n: int) -> str:
        if n == 0:
            raise KeyError(pole())
        return down(n - 1)

    with pytest.raises(KeyError, match="inf"):
        down(3)
    assert pole() == "warned"


def test_a_decorated_generator_has_the_state_and_its_caller_has_not() -> None:
    log: list[str] = []

    @errstate(divide="raise")
    def steps() -> Generator[str, Any, str]:
        try:
            received = yield pole()
            log.append(f"received {received}")
            try:
                yield pole()
            except KeyError:
                log.append(pole())
            yield from (pole() for _ in range(2))
            return pole()
        finally:
            log.append(f"closed {pole()}")

    def whole() -> Iterator[str]:
        returned.append((yield from steps()))

    returned: list[str] = []
    generator: Any = steps()
    assert (next(generator), pole()) == ("raised", "warned")
    assert (generator.send("this"), pole()) == ("raised", "warned")
    assert (generator.throw(KeyError), pole()) == ("raised", "warned")
    assert (next(generator), pole()) == ("raised", "warned")
    generator.close()
    assert log == ["received this", "raised", "closed raised"]
    assert list(whole()) == ["raised"] * 4
    assert returned == ["raised"]
    assert pole() == "warned"


def test_two_decorated_generators_interleave() -> None:
    @errstate(divide="raise")
    def strict() -> Iterator[str]:
        for _ in range(3):
            yield pole()

    @errstate(divide="ignore")
    def lax() -> Iterator[str]:
        for _ in range(3):
            yield pole()

    assert list(zip(strict(), lax())) == [("raised", "inf")] * 3
    assert pole() == "warned"


def test_tasks_interleave_each_with_its_own_state() -> None:
    async def visit(action: str) -> list[str]:
        seen = []
        with errstate(divide=action):
            for _ in range(5):
                seen.append(pole())
                await asyncio.sleep(0)
        seen.append(pole())
        return seen

    @errstate(divide="raise")
    async def decorated() -> list[str]:
        seen = [pole()]
        await asyncio.sleep(0)
        return [*seen, pole()]

    async def main() -> list[list[str]]:
        return await asyncio.gather(visit("raise"), visit("ignore"), visit("raise"), decorated())

    strict, lax, again, once = asyncio.run(main())
    assert strict == again == ["raised"] * 5 + ["warned"]
    assert lax == ["inf"] * 5 + ["warned"]
    assert once == ["raised", "raised"]
    assert pole() == "warned"


def test_a_task_inherits_the_state_it_was_made_in() -> None:
    async def main() -> tuple[str, str]:
        async def inner() -> str:
            await asyncio.sleep(0)
            return pole()

        with errstate(divide="raise"):
            task = asyncio.create_task(inner())
            in_thread = await asyncio.to_thread(pole)
        return await task, in_thread

    assert asyncio.run(main()) == ("raised", "raised")


def test_a_decorated_asynchronous_generator_has_the_state_and_its_caller_has_not() -> None:
    log: list[str] = []

    @errstate(divide="raise")
    async def stream() -> AsyncIterator[str]:
        try:
            yield pole()
            await asyncio.sleep(0)
            try:
                yield pole()
            except KeyError:
                log.append(pole())
            yield pole()
        finally:
            await asyncio.sleep(0)
            log.append(f"closed {pole()}")

    async def main() -> None:
        async for inside in stream():
            assert (inside, pole()) == ("raised", "warned")
        items: Any = stream()
        assert (await anext(items), await items.asend(1), pole()) == ("raised", "raised", "warned")
        assert (await items.athrow(KeyError), pole()) == ("raised", "warned")
        await items.aclose()
        assert pole() == "warned"

    asyncio.run(main())
    assert log == ["closed raised", "raised", "closed raised"]


def test_threads_have_states_of_their_own() -> None:
    seen: dict[str, list[str]] = {}
    barrier = threading.Barrier(3)
    shared = {"raise": errstate(divide="raise"), "ignore": errstate(divide="ignore")}

    def outcome() -> str:
        # Without a record of warnings, which all threads share.
        try:
            return repr(Value(1.0) / 0)
        except FloatingPointError:
            return "raised"

    def work(name: str, action: str) -> None:
        with shared[action]:
            found = []
            for _ in range(20):
                barrier.wait()
                found.append(outcome())
            seen[name] = found

    with shared["ignore"]:
        threads = [
            threading.Thread(target=work, args=args) for args in (("a", "raise"), ("b", "ignore"), ("c", "raise"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcome() == "Value(inf)"
    assert seen == {"a": ["raised"] * 20, "b": ["Value(inf)"] * 20, "c": ["raised"] * 20}


def test_a_raised_event_leaves_no_trace_in_the_graph() -> None:
    x = Value(0.0, "x")
    with errstate(all="raise"), pytest.raises(FloatingPointError):
        math.log(x)
    (x + 1.0).backward()
    assert x.grad == 1.0


def test_the_chain_rule_reports_nothing() -> None:
    x = Value(0.0, "x")
    f = math.sqrt(x)
    with errstate(all="raise"):
        f.backward()  # an infinite slope is an answer, not an event
    assert x.grad == INF


def test_one_warning_from_composites_and_helpers_at_the_users_line() -> None:
    def helper(v: Value) -> Value:
        return math.softmax([v, math.exp(v)])[0]

    with pytest.warns(RuntimeWarning, match="overflow encountered in exp") as caught:
        helper(Value(1000.0))
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, helper.__code__.co_firstlineno + 1)]
