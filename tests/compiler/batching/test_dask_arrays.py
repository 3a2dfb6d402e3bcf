"""Rows on Dask: the same numbers as on one machine, on a real cluster of processes, whatever happens to its workers."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import math, trees

dask = pytest.importorskip("dask", reason="Dask is not installed: it is in the extra `dask`")
da = pytest.importorskip("dask.array", reason="Dask is not installed: it is in the extra `dask`")
cluster_of = pytest.importorskip("distributed", reason="distributed is not installed: it is in the extra `dask`")
pytest.importorskip("llvmlite", reason="llvmlite is not installed: it is in the extra `compile`")

from autograd_lite.compiler.batching import dask_arrays  # noqa: E402


def loss(w: Any, x: Any, y: Any) -> Any:
    """A residual that half of the rows take another way to."""
    p = w["a"] @ x + w["b"]
    return (math.tanh(p) - y) ** 2 if x[0] > 0.0 else abs(p - y) * 2.0


RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(1000, 3)), RNG.normal(size=1000)
W = {"a": np.array([0.1, -0.4, 0.3]), "b": 0.5}
F = ag.compile(loss, in_axes=(None, 0, 0))


def lazy() -> tuple[Any, Any]:
    return da.from_array(X, chunks=(130, 2)), da.from_array(Y, chunks=170)


def computed(x: Any) -> Any:
    with dask.config.set(scheduler="threads"):
        return dask.compute(x)[0]


def assert_same(found: Any, expected: Any, rel: float = 1e-14) -> None:
    (a, tree), (b, wanted) = trees.flatten(found), trees.flatten(expected)
    assert tree == wanted
    assert a == pytest.approx(b, rel=rel, abs=1e-15)


# ---- the same as on one machine --------------------------------------------------------------------------------------


def test_one_result_a_row() -> None:
    found = F(W, *lazy())
    assert isinstance(found, da.Array)
    assert found.shape == (1000,)
    assert found.dtype == float
    borders = sorted({*range(0, 1000, 130), *range(0, 1000, 170), 1000})
    assert found.chunks == (tuple(np.diff(borders)),)
    assert_same(computed(found), F(W, X, Y))


def test_outputs_keep_their_nesting() -> None:
    def fn(x: Any, y: Any) -> Any:
        return {"sum": x[0] + x[1] + y["y"], "each": (x * 2.0, [y["y"], 1.0])}

    f = ag.compile(fn, in_axes=0)
    x, y = lazy()
    found = f(x, {"y": y})
    assert found["each"][0].shape == (1000, 3)
    assert_same(computed(found), f(X, {"y": Y}))


@pytest.mark.parametrize("argnums", [0, 1, (0, 2), (2, 1, 0)], ids=str)
def test_value_and_gradients(argnums: Any) -> None:
    value, gradient = F.value_and_grad(W, *lazy(), argnums=argnums)
    assert value.shape == ()
    expected = F.value_and_grad(W, X, Y, argnums=argnums)
    assert_same(computed((value, gradient)), expected, rel=2e-14)
    assert_same(computed(F.grad(W, *lazy(), argnums=argnums)), expected[1], rel=2e-14)
    if argnums == 1:  # aligned with the rows
        assert gradient.shape == X.shape
        assert len(gradient.chunks[0]) == 13
        assert_same(computed(gradient), expected[1])


def test_the_other_derivatives() -> None:
    x, y = lazy()
    assert_same(computed(F.jacobian(W, x, y)), F.jacobian(W, X, Y))
    assert_same(computed(F.hessian(W, x, y, argnums=1)), F.hessian(W, X, Y, argnums=1))
    point, along = (W, X, Y), (W, X[::-1].copy(), Y)
    assert_same(computed(F.hvp((W, x, y), (W, x[::-1], y))), F.hvp(point, along))


def test_another_axis_and_single_precision() -> None:
    f = ag.compile(lambda w, x: math.exp(w @ x), in_axes=(None, -1))
    x = X.astype(np.float32).T
    assert_same(computed(f(W["a"], da.from_array(x, chunks=(2, 300)))), f(W["a"], x))
    found = computed(f.grad(W["a"], da.from_array(x, chunks=(2, 300))))
    assert found.dtype == float
    assert_same(found, f.grad(W["a"], x), rel=1e-14)


def test_rows_in_an_array_of_numpy_too() -> None:
    x, _ = lazy()
    assert_same(computed(F(W, x, Y)), F(W, X, Y))


def test_keywords_are_shared() -> None:
    f = ag.compile(lambda x, *, k: x * k, in_axes=0)
    assert_same(computed(f(da.from_array(Y, chunks=300), k=3.0)), 3.0 * Y)


def test_chunks_of_unknown_sizes() -> None:
    x, y = da.from_array(X, chunks=(130, 3)), da.from_array(Y, chunks=130)
    some = x[:, 0] > 1.5
    x, y = x[some], y[some]
    where = X[:, 0] > 1.5
    assert np.isnan(x.shape[0])
    assert_same(computed(F(W, x, y)), F(W, X[where], Y[where]))
    assert_same(computed(F.grad(W, x, y)), F.grad(W, X[where], Y[where]), rel=1e-13)
    with pytest.raises(ValueError, match=r"in \[8, 15\] chunks of unknown sizes.*compute_chunk_sizes"):
        F(W, x, da.from_array(Y, chunks=70))
    with pytest.raises(ValueError, match="argument 2 has"):
        computed(F(W, x, da.from_array(Y, chunks=130)))


def test_empty_chunks_and_no_rows() -> None:
    f = ag.compile(lambda w, x: w / x if x > 0 else w * x, in_axes=(None, 0))
    x = da.from_array(Y, chunks=300)
    far = x[x > 2.9]
    assert 0 in [len(computed(far.blocks[i])) for i in range(4)]
    assert_same(computed(f.value_and_grad(2.0, far)), f.value_and_grad(2.0, Y[Y > 2.9]), rel=1e-15)
    assert computed(f(2.0, x[x > 99.0])).shape == (0,)
    assert computed(f.value_and_grad(2.0, x[x > 99.0])) == (0.0, 0.0)


def test_what_is_refused() -> None:
    x, y = lazy()
    with pytest.raises(ValueError, match="argument 2 has 990 rows, those before it have 1000"):
        F(W, x, y[:990])
    with pytest.raises(TypeError, match="argument 0 is shared by all rows, and is lazy: compute it"):
        F({"a": da.from_array(W["a"]), "b": 1.0}, x, y)
    with pytest.raises(TypeError, match="argument 1 has rows of complex128"):
        F(W, x.astype(complex), y)
    with pytest.raises(ValueError, match="argument 2 has 0 axes"):
        F(W, x, y[0])
    with pytest.raises(ValueError, match="lazy: leave out= away"):
        F(W, x, y, out=np.empty(1000))
    with pytest.raises(ValueError, match=r"progress is shown where they are computed.*distributed\.progress"):
        F(W, x, y, progress=True)


# ---- sums ------------------------------------------------------------------------------------------------------------


def terms(count: int) -> Any:
    """Numbers of many sizes, each of which the next one cancels but for a little."""
    rng = np.random.default_rng(1)
    found = rng.normal(size=count) * 10.0 ** rng.integers(0, 12, size=count)
    found[1::2] = -found[::2] * (1.0 + 2.0**-40)
    return found


def sum_on_dask(numbers: Any, chunk: int) -> Fraction:
    f = ag.compile(lambda a, t: a * t, in_axes=(None, 0))
    value, slope = computed(f.value_and_grad(1.0, da.from_array(numbers, chunks=chunk)))
    assert value == slope
    return Fraction(float(value))


def test_the_bound_of_a_sum() -> None:
    numbers, chunk = terms(30_000), 1000
    sums = [sum(map(Fraction, numbers[i : i + chunk])) for i in range(0, len(numbers), chunk)]
    size = abs(sum(sums)) + sum(map(abs, sums)) + 32 * sum(map(abs, map(Fraction, numbers)))
    assert abs(sum_on_dask(numbers, chunk) - sum(sums)) <= Fraction(2) ** -53 * size


def test_the_tree_adds_up_exactly() -> None:
    numbers = terms(500)
    exact = sum(map(Fraction, numbers))
    bound = Fraction(2) ** -53 * abs(exact) + len(numbers) ** 2 * Fraction(2) ** -105 * sum(
        map(abs, map(Fraction, numbers))
    )
    assert abs(sum_on_dask(numbers, 1) - exact) <= bound
    assert abs(Fraction(float(np.cumsum(numbers)[-1])) - exact) > 1000 * bound  # one after the other


finite = st.floats(-1e100, 1e100)


@given(st.lists(st.lists(st.tuples(finite, finite), min_size=1, max_size=4), min_size=1, max_size=5))
def test_merging_loses_next_to_nothing(groups: list[list[tuple[float, float]]]) -> None:
    merged = [dask_arrays._merged(np.array([[[s], [0.0]] for s, _ in group])) for group in groups]
    total = dask_arrays._total(np.concatenate(merged))[0, 0]
    numbers = [Fraction(s) for group in groups for s, _ in group]
    slack = len(numbers) ** 2 * Fraction(2) ** -105 * sum(map(abs, numbers))
    assert abs(Fraction(float(total)) - sum(numbers)) <= Fraction(2) ** -53 * abs(sum(numbers)) + slack


def test_sums_that_are_infinite() -> None:
    f = ag.compile(lambda a, t: a * t, in_axes=(None, 0))
    for numbers, expected in ([1.0, np.inf, 2.0], np.inf), ([np.inf, 1.0, -np.inf], np.nan), ([1e308] * 3, np.inf):
        found = computed(f.value_and_grad(1.0, da.from_array(np.array(numbers), chunks=1)))
        assert np.array_equal(found, (expected, expected), equal_nan=True)


# ---- what travels ----------------------------------------------------------------------------------------------------


def test_a_pickle_has_the_traces() -> None:
    f = ag.compile(loss, in_axes=(None, 0, 0))
    f(W, X, Y)
    f.grad(W, X, Y)
    other = pickle.loads(pickle.dumps(f))
    assert other.source == f.source
    assert str(other.program) == str(f.program)
    assert_same(other.grad(W, X, Y), f.grad(W, X, Y))


def test_shared_arguments_and_the_program_are_in_the_graph_once() -> None:
    x, y = lazy()
    value, gradient = F.value_and_grad(W, x, y)
    (graph,) = dask.optimize((value, gradient))
    keys = list(dict(graph[0].__dask_graph__()))
    assert len([key for key in keys if str(key).startswith("loss.value_and_grad-shared-")]) == 1
    assert len([key for key in keys if str(key).startswith("loss.value_and_grad-program-")]) == 1
    tasks = [key for key in keys if isinstance(key, tuple) and key[0].startswith("loss.value_and_grad-")]
    assert len([key for key in tasks if len(key) > 2]) == 13  # one a chunk


def test_the_function_itself_is_looked_at_only_for_a_new_branch() -> None:
    f = ag.compile(loss, in_axes=(None, 0, 0))
    alike = X[:, 0] > 0.0
    f(W, X[alike], Y[alike])
    spec = f._specialization("value", None)
    ((tree, _),) = spec.by_shape().items()
    shipped = dask_arrays.Shipped.of(spec, tree)
    dask_arrays._here.pop(shipped.token)  # as in another process
    arrived = pickle.loads(pickle.dumps(shipped))
    assert arrived is pickle.loads(pickle.dumps(shipped))
    assert arrived.spec is not spec
    assert_same(arrived.spec.result((W, X[alike], Y[alike]), {}), F(W, X, Y)[alike])
    assert "fn" not in vars(arrived.spec.compiled.fn)
    assert_same(arrived.spec.result((W, X, Y), {}), F(W, X, Y))
    assert "fn" in vars(arrived.spec.compiled.fn)


def test_a_process_keeps_the_functions_used_last() -> None:
    before = dict(dask_arrays._here)
    for k in range(dask_arrays._MOST_KEPT + 3):
        f = ag.compile(lambda x, k=k: x + k, in_axes=0)
        f(da.from_array(Y, chunks=500))
    assert len(dask_arrays._here) == dask_arrays._MOST_KEPT
    assert not set(before) & set(dask_arrays._here)


# ---- a cluster -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    options = {"n_workers": 2, "threads_per_worker": 2, "memory_limit": "1GB", "dashboard_address": ":0"}
    with cluster_of.LocalCluster(**options) as cluster, cluster_of.Client(cluster) as client:
        yield client


def counting() -> None:
    """In a worker: note every kernel that is emitted."""
    from autograd_lite.compiler.targets import llvm

    made, emit = [], llvm.rows

    def rows(*args: Any, **kwargs: Any) -> Any:
        made.append(threading.get_ident())
        return emit(*args, **kwargs)

    llvm.rows, llvm.made = rows, made  # type: ignore[attr-defined]


def count() -> int:
    from autograd_lite.compiler.targets import llvm

    return len(llvm.made)  # type: ignore[attr-defined]


def slowly(block: Any) -> Any:
    time.sleep(0.05)
    return block


def test_a_cluster_gives_what_one_machine_gives(client: Any) -> None:
    x, y = lazy()
    assert_same(F(W, x, y).compute(), F(W, X, Y))
    assert_same(dask.compute(F.value_and_grad(W, x, y))[0], F.value_and_grad(W, X, Y), rel=1e-14)


def test_a_function_is_emitted_once_a_worker(client: Any) -> None:
    def quadratic(w: Any, x: Any) -> Any:
        return (w * x - 1.0) ** 2

    client.run(counting)
    f = ag.compile(quadratic, in_axes=(None, 0))
    x = da.from_array(Y, chunks=20).map_blocks(slowly)
    for w in 1.0, 2.0, 3.0:  # 150 tasks, whose functions come in three graphs
        assert float(f.grad(w, x).compute()) == pytest.approx(f.grad(w, Y), rel=1e-14)
        assert list(client.run(count).values()) == [1, 1]


def test_a_worker_killed_in_mid_run_costs_but_time(client: Any) -> None:
    x, y = da.from_array(X, chunks=(20, 3)).map_blocks(slowly), da.from_array(Y, chunks=20)
    before = client.run(os.getpid)
    future = client.compute(F.value_and_grad(W, x, y)[1]["a"])
    deadline = time.monotonic() + 30
    while not finished(client, "loss.value_and_grad") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not future.done()
    os.kill(next(iter(before.values())), signal.SIGKILL)
    assert_same(future.result(timeout=60), F.value_and_grad(W, X, Y)[1]["a"], rel=1e-14)
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != set(before.values())


def finished(client: Any, prefix: str) -> int:
    def look(dask_scheduler: Any) -> int:
        states = dask_scheduler.task_prefixes[prefix].states if prefix in dask_scheduler.task_prefixes else {}
        return int(states.get("memory", 0))

    return int(client.run_on_scheduler(look))


def picky(w: Any, x: Any) -> Any:
    if x > 2.5:
        raise ValueError("no number here may be that large")
    return w * x


def test_an_exception_arrives_with_the_users_line(client: Any) -> None:
    f = ag.compile(picky, in_axes=(None, 0))
    assert Y.max() > 2.5 > Y[0]
    with pytest.raises(ValueError, match="no number here may be that large") as caught:
        f.grad(1.0, da.from_array(Y, chunks=100)).compute()
    lines = [(Path(frame.filename).name, frame.name, frame.line) for frame in traceback.extract_tb(caught.tb)]
    assert (Path(__file__).name, "picky", 'raise ValueError("no number here may be that large")') in lines


def test_the_dashboard_shows_the_tasks_by_name(client: Any) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is not installed: it is in the extra `peers`")
    from distributed.dashboard.components.scheduler import TaskProgress

    def shown(dask_scheduler: Any) -> dict[str, int]:
        panel = TaskProgress(dask_scheduler)
        panel.update()
        return dict(zip(panel.source.data["name"], panel.source.data["all"]))

    x, y = da.from_array(X, chunks=(100, 3)), da.from_array(Y, chunks=100)
    kept = dask.persist(F.value_and_grad(W, x, y))
    cluster_of.wait(kept)
    found = client.run_on_scheduler(shown)
    assert found["loss.value_and_grad"] == 10


def test_progress(client: Any, capsys: Any) -> None:
    x, y = da.from_array(X, chunks=(100, 3)).map_blocks(slowly), da.from_array(Y, chunks=100)
    future = client.compute(F.grad(W, x, y)["a"])
    cluster_of.progress(future, notebook=False)
    assert "100% Completed" in capsys.readouterr().out
    tqdm = pytest.importorskip("tqdm.dask").TqdmCallback
    with tqdm(desc="gradient", mininterval=0.0), dask.config.set(scheduler="threads"):
        dask.compute(F.grad(W, x, y))
    assert "gradient: 100%" in capsys.readouterr().err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own handler of interrupts: a job in the background is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_nothing_running(client: Any) -> None:
    def busy(dask_scheduler: Any) -> list[str]:
        return [str(key) for key in dask_scheduler.tasks if "loss" in str(key)]

    def executing(dask_worker: Any) -> int:
        return int(dask_worker.state.executing_count)

    x, y = da.from_array(X, chunks=(2, 3)).map_blocks(slowly), da.from_array(Y, chunks=2)  # 6 s
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dask.compute(F.grad(W, x, y))
    assert time.monotonic() - began < 5.0
    deadline = time.monotonic() + 10  # what runs on a chunk, 50 ms, runs to its end
    while (client.run_on_scheduler(busy) or any(client.run(executing).values())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not client.run_on_scheduler(busy)
    assert not any(client.processing().values())
    assert not any(client.run(executing).values())


# ---- more data than memory -------------------------------------------------------------------------------------------


LIMIT = 400_000_000
FEATURES, ROWS, CHUNK = 12, 4_200_000, 200_000


def logistic(w: Any, x: Any, y: Any) -> Any:
    """The negative log-likelihood of a label ±1."""
    return math.softplus(-y * (w @ x))


def chunk_of(k: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(k)
    x = rng.normal(size=(CHUNK, FEATURES))
    y = np.where(rng.random(CHUNK) < 1.0 / (1.0 + np.exp(-x @ np.linspace(-1, 1, FEATURES))), 1.0, -1.0)
    return x, y


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # where a child's ru_maxrss starts with its parent's
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_training_on_more_data_than_a_worker_can_hold(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr", reason="Zarr is not installed: it is in the extra `peers`")
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed: it is in the extra `peers`")
    shapes = {"x": (ROWS, FEATURES), "y": (ROWS,)}
    stored = {
        name: zarr.create_array(
            tmp_path / name, shape=shape, chunks=(CHUNK, *shape[1:]), dtype=float, compressors=None, filters=None
        )
        for name, shape in shapes.items()
    }
    for k in range(ROWS // CHUNK):
        stored["x"][k * CHUNK : (k + 1) * CHUNK], stored["y"][k * CHUNK : (k + 1) * CHUNK] = chunk_of(k)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) > LIMIT

    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": LIMIT, "dashboard_address": ":0"}
    with cluster_of.LocalCluster(**options) as cluster, cluster_of.Client(cluster) as client:
        x, y = da.from_zarr(tmp_path / "x"), da.from_zarr(tmp_path / "y")
        f = ag.compile(logistic, in_axes=(None, 0, 0))

        def objective(w: Any) -> tuple[float, Any]:
            value, gradient = dask.compute(*f.value_and_grad(w, x, y))
            return value / ROWS, gradient / ROWS

        found = optimize.minimize(objective, np.zeros(FEATURES), jac=True, method="L-BFGS-B", options={"gtol": 1e-6})
        peaks = list(client.run(peak).values())
    assert found.success
    print(f"peak memory of the workers: {peaks}")
    assert max(peaks) < LIMIT
    assert found.x == pytest.approx(np.linspace(-1, 1, FEATURES), abs=0.01)
    gradient = np.zeros(FEATURES)  # by the textbook, chunk by chunk
    for k in range(ROWS // CHUNK):
        x, y = chunk_of(k)
        gradient += -(y / (1.0 + np.exp(y * (x @ found.x)))) @ x
    assert np.abs(gradient).max() / ROWS < 2e-6


def test_axes_in_a_nesting_like_the_argument() -> None:
    f = ag.compile(lambda p: (p["x"] * p["w"]) ** 2, in_axes=({"x": 0, "w": None},))
    eager = f.value_and_grad({"x": Y, "w": 3.0})
    value, by = dask.compute(f.value_and_grad({"x": da.from_array(Y, chunks=7), "w": 3.0}))[0]
    assert (value, by["w"]) == (pytest.approx(eager[0]), pytest.approx(eager[1]["w"]))
    assert by["x"].tolist() == eager[1]["x"].tolist()
    with pytest.raises(TypeError, match="argument 0 is shared by all rows, and is lazy"):
        f({"x": Y, "w": da.from_array(Y, chunks=7)})
