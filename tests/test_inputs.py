"""Any input gets a clear answer: numbers of all kinds, what is no number, subclasses, copies, pickles, forks, depth."""

from __future__ import annotations

import copy
import gc
import io
import math as std
import os
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from fractions import Fraction
from multiprocessing import get_context
from typing import Any

import mpmath
import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, math

# ---- numbers ---------------------------------------------------------------------------------------------------------

MAKERS: dict[str, Callable[[Any], Value]] = {
    "Value": Value,
    "v + x": lambda x: Value(0.0) + x,
    "x + v": lambda x: x + Value(0.0),
    "v * x": lambda x: Value(1.0) * x,
    "x * v": lambda x: x * Value(1.0),
    "math": lambda x: math.maximum(Value(-std.inf), x),
}
each_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@each_maker
@pytest.mark.parametrize(
    ("number", "as_float"),
    [
        (3, 3.0),
        (2**53 + 1, 2.0**53),
        (True, 1.0),
        (Fraction(1, 3), 1 / 3),
        (np.bool_(True), 1.0),
        (np.int8(-3), -3.0),
        (np.uint64(2**64 - 1), 2.0**64),
        (np.float16(0.1), 0.0999755859375),
        (np.float32(0.1), 0.10000000149011612),
        (np.float64(0.1), 0.1),
        (np.longdouble("0.1"), 0.1),
        (np.array(0.25), 0.25),
        (np.array(3), 3.0),
        (np.array(True), 1.0),
        (np.array(Fraction(1, 4), dtype=object), 0.25),
        (mpmath.mpf("0.25"), 0.25),
    ],
    ids=repr,
)
def test_real_numbers_become_floats_at_once(make: Any, number: Any, as_float: float) -> None:
    v = make(number)
    assert isinstance(v, Value)
    assert (type(v.data), v.data) == (float, as_float)
    assert all(type(parent.data) is float for parent in v.parents)


@each_maker
@pytest.mark.parametrize(
    "huge", [10**400, -(10**400), Fraction(10**400), np.longdouble("1e4000")], ids=["int", "-int", "Fraction", "long"]
)
def test_a_number_beyond_floats_is_an_overflow(make: Any, huge: Any) -> None:
    with pytest.raises(OverflowError, match="too large"):
        make(huge)


@each_maker
def test_an_infinity_of_another_kind_is_no_overflow(make: Any) -> None:
    for infinity in (np.longdouble("-inf"), np.float32("inf"), mpmath.mpf("inf")):
        assert abs(make(infinity).data) == std.inf
    assert std.isnan(make(np.longdouble("nan")).data)


@each_maker
@pytest.mark.parametrize(
    ("what", "advice"),
    [
        (Decimal("1.5"), r"Decimal Decimal\('1\.5'\): write float\(Decimal\('1\.5'\)\)"),
        (1j, r"complex 1j: this engine is real: treat \.real and \.imag as two Values"),
        (np.complex64(1j), r"complex 1j: this engine is real"),
        (np.array(1j), r"complex 1j: this engine is real"),
        ("2", r"str '2': write float\('2'\)"),
        ("two", "str 'two': text is not a number"),
        (None, "NoneType None: write its number"),
        ([1.0], r"list \[1\.0\]: write \[Value\(e\) for e in x\]"),
        ((1.0, 2.0), r"tuple \(1\.0, 2\.0\): write \[Value\(e\) for e in x\]"),
        (np.datetime64("2024-01-01"), "datetime64"),
    ],
    ids=["Decimal", "complex", "complex64", "0-d complex", "str", "text", "None", "list", "tuple", "datetime64"],
)
def test_what_is_no_real_number_is_refused(make: Any, what: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        make(what)


def test_an_array_is_refused_where_one_number_belongs() -> None:
    array = np.array([1.0, 2.0])
    for make in (Value, math.sin, lambda x: math.hypot(Value(1.0), x), math.sigmoid, math.elu, math.softmax):
        with pytest.raises(TypeError, match=r"ndarray.*np\.frompyfunc\(f, 1, 1\)\(x\)"):
            make(array if make is not math.softmax else [array])  # type: ignore[arg-type]
    values = np.frompyfunc(Value, 1, 1)(array)  # the advice
    assert [v.data for v in np.frompyfunc(math.sigmoid, 1, 1)(values)] == [math.sigmoid(1.0), math.sigmoid(2.0)]


def test_an_object_with_a_float_of_its_own_is_a_number() -> None:
    class Temperature:
        def __float__(self) -> float:
            return 2.0

    class Count:
        def __index__(self) -> int:
            return 2

    for x in (Temperature(), Count()):
        assert math.sqrt(x) == std.sqrt(x) == std.sqrt(2.0)  # type: ignore[type-var]
        assert math.hypot(Value(1.0), x).data == std.sqrt(5.0)
        assert Value(x).data == 2.0  # type: ignore[arg-type]


def test_what_only_looks_like_a_number_is_refused() -> None:
    class Tensor:  # as another library's may: with a shape and a float, and perhaps a gradient of its own
        ndim = 0
        dtype = "float32"

        def __float__(self) -> float:
            return 1.0

    for make in (Value, lambda x: Value(1.0) + x, math.sin):
        with pytest.raises(TypeError, match=r"Tensor.*write float\(x\), which drops any gradient of x"):
            make(Tensor())


def test_an_operand_of_no_meaning_is_pythons_own_error() -> None:
    for operate in (lambda v: v + {}, lambda v: object() * v, lambda v: v % b"x"):
        with pytest.raises(TypeError, match="unsupported operand"):
            operate(Value(1.0))


def test_a_value_of_a_value_is_refused() -> None:
    for made in (Value(1.0), np.array(Value(1.0), dtype=object)):
        with pytest.raises(TypeError, match=r"write \.data for its number"):
            Value(made)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a label is a str or None, not float"):
        Value(1.0, 2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("convert", [float, int, complex, std.sin, std.sqrt, std.hypot, std.gcd, "{:d}".format])
def test_no_conversion_drops_a_gradient(convert: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"\.data|cannot be interpreted as an integer|format code 'd'"):
        convert(Value(1.0))


@pytest.mark.parametrize("convert", [float, int, complex, std.sin, std.atan2, "%.3f".__mod__, np.float64])
def test_the_refusal_names_the_right_spelling(convert: Any) -> None:
    arguments = [Value(1.0)] * (2 if convert is std.atan2 else 1)
    with pytest.raises(TypeError, match=r"write v\.data.*autograd_lite\.math\.sin\(v\)"):
        convert(*arguments)


def test_a_value_is_no_container() -> None:
    v = Value(1.0)
    for use in (lambda: v[0], lambda: len(v), lambda: list(v), lambda: 1.0 in v):  # type: ignore[index, arg-type, call-overload, operator]
        with pytest.raises(TypeError, match="'Value'"):
            use()


def test_sorted_max_min_and_sum() -> None:
    a, b, c = Value(2.0), Value(1.0), Value(3.0)
    assert sorted([a, b, c]) == [b, a, c]
    assert (max(a, b, c) is c, min(a, b, c) is b) == (True, True)
    assert sum([]) == 0
    total: Any = sum([a, b, c])
    total.backward()
    assert (total.data, [v.grad for v in (a, b, c)]) == (6.0, [1.0, 1.0, 1.0])
    assert std.prod([a, b, c]) == 6.0  # type: ignore[comparison-overlap]


def test_mutating_a_leaf_changes_nothing_recorded() -> None:
    x, y = Value(3.0), Value(4.0)
    f = x * y + math.sin(x)
    x.data, y.data = 100.0, 200.0
    assert f.data == 12.0 + std.sin(3.0)
    assert f.parents[0].local_grads == (4.0, 3.0)
    f.backward()
    assert x.grad == pytest.approx(4.0 + std.cos(3.0), rel=1e-15)
    assert y.grad == 3.0


@pytest.mark.parametrize("wrong", ["1", None, 1j, Decimal(1), [1.0]])
def test_data_and_grad_are_numbers(wrong: Any) -> None:
    v = Value(3.0)
    for name in ("data", "grad"):
        with pytest.raises(TypeError, match="expected a real number"):
            setattr(v, name, wrong)
    assert (v.data, v.reached) == (3.0, False)
    v.data = np.float32(0.5)
    assert (type(v.data), v.data) == (float, 0.5)


# ---- subclasses ------------------------------------------------------------------------------------------------------


class Parameter(Value):
    """A subclass as a user writes one: with attributes of its own."""

    def __init__(self, data: float, label: str | None = None, *, rate: float = 0.1) -> None:
        super().__init__(data, label)
        self.rate = rate
        self.history = [data]


class Slotted(Value):
    __slots__ = ("_private", "rate")

    def __init__(self, data: float) -> None:
        super().__init__(data)
        self.rate = 0.5


class Stateful(Value):
    def __getstate__(self) -> object:
        return {"kept": "yes"}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.kept = state["kept"]


def test_operators_on_a_subclass_give_values() -> None:
    p = Parameter(3.0, "p")
    for result in (p + 1, 1 + p, p * p, -p, math.sin(p), math.hypot(p, 1), math.prod([p, 2.0]), abs(p)):
        assert type(result) is Value
    (p * p + p).backward()
    assert p.grad == 7.0


def pickled_in_c(x: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(x, protocol))


def pickled_in_python(x: Any, protocol: int) -> Any:
    return pickle._loads(pickle._dumps(x, protocol))  # type: ignore[attr-defined]


PICKLES = {
    f"{name} {protocol}": lambda x, how=how, protocol=protocol: how(x, protocol)
    for name, how in (("C", pickled_in_c), ("Python", pickled_in_python))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}
DEEP_COPIES: dict[str, Callable[[Any], Any]] = {"deepcopy": copy.deepcopy, **PICKLES}
each_copy = pytest.mark.parametrize("copied", DEEP_COPIES.values(), ids=DEEP_COPIES)


@pytest.mark.parametrize("copied", [copy.copy, *DEEP_COPIES.values()], ids=["copy", *DEEP_COPIES])
def test_copies_of_a_subclass_keep_class_and_attributes(copied: Any) -> None:
    p = Parameter(3.0, "p", rate=0.25)
    p.grad = 2.0
    q = copied(p)
    assert (type(q), q.data, q.grad, q.label, q.rate, q.history) == (Parameter, 3.0, 2.0, "p", 0.25, [3.0])
    assert q is not p
    assert (q.history is p.history) is (copied is copy.copy)
    slotted = copied(Slotted(1.0))
    assert (type(slotted), slotted.rate, hasattr(slotted, "_private")) == (Slotted, 0.5, False)
    assert copied(Stateful(1.0)).kept == "yes"


@each_copy
def test_a_subclass_inside_a_graph_is_copied_with_it(copied: Any) -> None:
    p = Parameter(3.0, "p")
    p.partner = p * 2.0  # type: ignore[attr-defined]  # an attribute that leads back into the graph
    f = p * p + p.partner  # type: ignore[attr-defined]
    g = copied(f)
    q = g.parents[0].parents[0]
    assert (type(q), q.rate, q.partner) == (Parameter, 0.1, g.parents[1])
    assert q.partner is g.parents[1]
    assert q.partner.parents[0] is q
    g.backward()
    assert (q.grad, p.grad) == (8.0, 0.0)


# ---- copies and pickles ----------------------------------------------------------------------------------------------


def test_a_shallow_copy_has_the_same_parents() -> None:
    x = Value(2.0, "x")
    f = (x * x).named("f")
    f.backward()
    g = copy.copy(f)
    assert (g.parents, g.op, g.data, g.grad, g.label) == (f.parents, f.op, f.data, f.grad, "f")
    assert g.parents[0] is x


@each_copy
def test_copies_keep_what_is_shared(copied: Any) -> None:
    x = Value(2.0, "x")
    f, g = x * x, x + 1
    a, b, leaf, constant = copied((f, g, x, g.parents[1]))
    assert a.parents[0] is a.parents[1] is b.parents[0] is leaf
    assert b.parents[1] is constant
    assert constant.op is g.parents[1].op
    assert leaf is not x
    a.backward()
    assert (leaf.grad, x.grad) == (4.0, 0.0)


@each_copy
def test_copies_keep_every_number(copied: Any) -> None:
    x = Value(2.0, "x")
    f = math.sin(x) * 3 + math.prod([x, x, 2.0])
    f.backward()
    x.data = -0.0  # a leaf may have moved since
    g = copied(f)
    leaf = g.parents[0].parents[0].parents[0]
    assert (std.copysign(1.0, leaf.data), leaf.grad, leaf.label) == (-1.0, x.grad, "x")
    assert (g.local_grads, g.parents[1].local_grads) == (f.local_grads, f.parents[1].local_grads)
    assert [node.reached for node in g.parents] == [True, True]


@pytest.mark.parametrize(
    ("how", "depth"), [("deepcopy", 10**5), ("C 5", 10**5), *((name, 10**4) for name in ("C 0", "C 2", "Python 5"))]
)
def test_deep_graphs_copy_and_pickle(how: str, depth: int) -> None:
    x = Value(1.0, "x")
    y = x
    for _ in range(depth):
        y = y + x
    y.backward()
    z = DEEP_COPIES[how](y)
    leaf, found = z, 0
    while leaf.parents:
        assert leaf.parents[1] is z.parents[1]
        leaf, found = leaf.parents[0], found + 1
    assert (found, leaf.label, leaf.grad, z.data) == (depth, "x", x.grad, y.data)
    assert leaf is not x
    z.backward()
    assert leaf.grad == 2 * x.grad


@each_copy
def test_a_leaf_copied_inside_a_function_is_the_functions_own(copied: Any) -> None:
    outside = Value(2.0)
    slope = ag.grad(lambda x: x * copied(outside))(3.0)
    assert (type(slope), slope) == (float, 2.0)  # a Value, had it a path to something outside


def test_a_pickling_that_fails_leaves_the_next_one_sound() -> None:
    x = Parameter(1.0, "x")
    y = x
    for _ in range(5000):
        y = y + x
    x.history = lambda: None  # type: ignore[assignment]  # which no pickler takes
    for dumps in (pickle.dumps, pickle._dumps):  # type: ignore[attr-defined]
        with pytest.raises((pickle.PicklingError, AttributeError)):
            dumps(y)
    x.history = []
    assert pickle.loads(pickle.dumps(y)).data == y.data


def test_one_pickler_after_another_and_one_of_many_dumps() -> None:
    x = y = Value(1.0, "x")
    for _ in range(5000):
        y = y + x
    first, second, both = io.BytesIO(), io.BytesIO(), io.BytesIO()
    still_alive = pickle.Pickler(first)
    still_alive.dump(y)
    pickle.Pickler(second).dump(y)
    many = pickle.Pickler(both)
    many.dump(y)
    many.dump(y * 2)
    many.clear_memo()
    many.dump(x)
    for file in (first, second, both):
        file.seek(0)
    assert pickle.load(first).data == pickle.load(second).data == y.data
    reader = pickle.Unpickler(both)
    one, doubled = reader.load(), reader.load()
    assert doubled.parents[0] is one
    assert reader.load().label == "x"


# ---- processes -------------------------------------------------------------------------------------------------------


def gradient_of(f: Value) -> tuple[float, Value]:
    f.backward()
    return f.parents[0].grad, f


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of threads that pytest's plugins may have
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's, which other tests import
def test_other_processes_take_and_return_graphs(method: str) -> None:
    x = Value(3.0, "x")
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
        slope, f = pool.submit(gradient_of, x * x).result()
    assert (slope, x.grad) == (6.0, 0.0)
    assert (f.parents[0].label, f.parents[0].grad, f.grad) == ("x", 6.0, 1.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_goes_on_with_the_graph() -> None:
    program = """if True:
        import os
        from autograd_lite import Value, errstate
        x = Value(3.0)
        f = x * x
        with errstate(divide="raise"):
            child = os.fork()
            if child == 0:
                f.backward()
                try:
                    x / 0
                except FloatingPointError:
                    os._exit(int(x.grad))
            _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), x.grad)
        """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["6", "0.0"]


def test_a_child_forked_while_a_thread_adds_gradients_is_not_stuck() -> None:
    program = """if True:
        import os, signal
        from autograd_lite import Value, no_grad, recording
        x = Value(3.0)
        f = x * x
        with recording.adding, recording._opening:  # as another thread might hold them, that the child does not have
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                f.backward()
                with no_grad():
                    os._exit(int(x.grad))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status))
        """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["6"]


# ---- memory ----------------------------------------------------------------------------------------------------------


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    for _ in range(length):
        y = y + x
    return x, y


def test_a_million_deep() -> None:
    x, y = chain(10**6)
    y.backward()
    assert (y.data, x.grad) == (1e6 + 1, 1e6 + 1)
    leaf = weakref.ref(x)
    del x, y
    assert leaf() is None  # at once, by counting references: there is no cycle


@pytest.fixture
def no_automatic_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_automatic_collection")
def test_a_deep_graph_in_a_cycle_is_collected() -> None:
    x, y = chain(10**5)
    parameter = Parameter(1.0)
    z = y + parameter
    parameter.history = [z]  # type: ignore[list-item]
    ends = [weakref.ref(node) for node in (x, y, z, parameter)]
    del x, y, z, parameter
    assert all(end() is not None for end in ends)
    gc.collect()
    assert all(end() is None for end in ends)


def test_weak_references() -> None:
    x = Value(1.0)
    f = x * 2
    seen: list[str] = []
    weakref.finalize(f, seen.append, "f")
    named = weakref.WeakKeyDictionary({x: "x", f: "f"})
    del f
    assert (seen, list(named.values())) == (["f"], ["x"])
