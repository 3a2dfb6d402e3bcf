"""Past one machine: rows a second on Dask's workers beside threads, what a task costs, and 10^5 to 10^8 rows.

Run as a script: ``python tests/benchmarks/bench_scale.py``, which takes some minutes; a part alone by its name. The
model is a network of 12 inputs, 8 neurons and one output: 113 parameters, whose gradient is that of a sum over rows.
Workers are processes of one thread on this machine. docs/scale.md plans with these figures.
"""

from __future__ import annotations

import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dask
import dask.array as da
import distributed
import numpy as np
import zarr
from measure import agree, timed

import autograd_lite as ag
from autograd_lite import math
from autograd_lite.compiler.batching.dask_arrays import _merged

INPUTS, HIDDEN = 12, 8
CHUNK = 250_000  # rows, 26 MB
RNG = np.random.default_rng(0)
W = {"a": RNG.normal(size=(HIDDEN, INPUTS)) / 4, "b": np.zeros(HIDDEN), "c": RNG.normal(size=HIDDEN) / 3, "d": 0.0}


def network(w: Any, x: Any, y: Any) -> Any:
    hidden = [math.tanh(row @ x + b) for row, b in zip(w["a"], w["b"])]
    return (sum(c * h for c, h in zip(w["c"], hidden)) + w["d"] - y) ** 2


F = ag.compile(network, in_axes=(None, 0, 0))


@contextmanager
def workers(count: int) -> Iterator[distributed.Client]:
    options: dict[str, Any] = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


def made(count: int, chunk: int) -> tuple[Any, Any]:
    """Rows that are made chunk by chunk, where they are needed."""
    rng = da.random.default_rng(1)
    return rng.random((count, INPUTS), chunks=(chunk, INPUTS)), rng.random(count, chunks=chunk)


def finished(client: distributed.Client, x: Any) -> None:
    with client.as_current():
        distributed.wait(x)


def gradient(client: distributed.Client, x: Any, y: Any) -> Any:
    with client.as_current():
        return dask.compute(*F.value_and_grad(W, x, y))


def seconds(run: Callable[[], Any], repeats: int = 5) -> float:
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def engines() -> None:
    """Rows a second: rows in memory, those of workers in theirs."""
    count = 16 * CHUNK
    rows = [np.asarray(z) for z in dask.compute(*made(count, CHUNK), scheduler="threads")]
    runs: dict[str, Callable[[], Any]] = {
        f"one process, threads={threads}": lambda threads=threads: F.value_and_grad(W, *rows, threads=threads)
        for threads in (1, 2)
    }
    with workers(1) as one, workers(2) as two:
        for client in one, two:
            x, y = client.persist(list(made(count, CHUNK)))
            finished(client, [x, y])
            name = f"{len(client.scheduler_info()['workers'])} worker(s)"
            runs[name] = lambda client=client, x=x, y=y: gradient(client, x, y)
            agree(name, runs[name]()[1]["a"], F.grad(W, *rows)["a"], rtol=1e-12)
        lines = timed(runs)
    print(f"\nthe gradient over {count:,} rows in chunks of {CHUNK:,}, in memory")
    for line in lines:
        rate = [count / t / 1e6 for t in (line.median, line.high, line.low)]
        print(f"  {line.system:<28}{rate[0]:>8.2f} million rows a second  ({rate[1]:.2f}–{rate[2]:.2f})")


def overhead() -> None:
    """What a task costs beside its kernel: many tasks of ten rows each, beside Dask's own sum of the same arrays."""
    few, many = 100, 1000
    print("\ntasks of ten rows each")
    with workers(1) as one, workers(2) as two:
        for client in one, two:
            times: dict[tuple[str, int], float] = {}
            for tasks in 1, few, many:
                x, y = client.persist(list(made(10 * tasks, 10)))
                finished(client, [x, y])
                gradient(client, x, y)
                for name, run in ("ours", gradient), ("bare", bare):
                    times[name, tasks] = seconds(functools.partial(run, client, x, y))
            ours, theirs = [1e3 * (times[n, many] - times[n, few]) / (many - few) for n in ("ours", "bare")]
            print(f"  {len(client.scheduler_info()['workers'])} worker(s): {ours:.3f} ms a task, ", end="")
            print(f"{theirs:.3f} of Dask's (x.sum(1) * y).sum(); a call of one task {1e3 * times['ours', 1]:.1f} ms")
        x, y = made(10 * many, 10)
        print(
            f"  of it, the graph of {many} tasks made here: {1e3 * seconds(lambda: F.value_and_grad(W, x, y)):.1f} ms"
        )


def bare(client: distributed.Client, x: Any, y: Any) -> Any:
    with client.as_current():
        return dask.compute((x.sum(axis=1) * y).sum(split_every=16))


def reduction() -> None:
    """What P shared numbers cost: to every worker, and merged on the way back."""
    print("\nP shared numbers")
    with workers(2) as client:
        for count in 1_000, 100_000, 1_000_000:
            partial = np.ones((16, 2, count))
            merge = seconds(lambda partial=partial: _merged(partial)) / 15
            here, there = client.scheduler_info()["workers"]
            moves = []
            for _ in range(5):
                numbers = client.submit(np.ones, count, workers=[here], pure=False)
                finished(client, numbers)
                start = time.perf_counter()
                client.submit(len, numbers, workers=[there], pure=False).result()
                moves.append(time.perf_counter() - start)
            print(f"  P = {count:>10,}: two sums merged in {1e3 * merge:.3f} ms; ", end="")
            print(f"from worker to worker in {1e3 * statistics.median(moves):.1f} ms")


def reading() -> None:
    """Rows from Zarr, uncompressed, in the system's cache: what is read and differentiated a second."""
    count = 16 * CHUNK
    with tempfile.TemporaryDirectory() as folder, workers(2) as client:
        arrays = []
        for name, z in zip("xy", made(count, CHUNK)):
            path = os.path.join(folder, name)
            options: dict[str, Any] = {"shape": z.shape, "chunks": z.chunksize, "dtype": float, "compressors": None}
            da.store(z, zarr.create_array(path, **options), scheduler="threads", compute=True)
            arrays.append(da.from_zarr(path))
        gradient(client, *arrays)
        rate = count / seconds(lambda: gradient(client, *arrays))
        x = arrays[0]
        sizes = x.map_blocks(lambda block: block[:1, :1], chunks=((1,) * x.numblocks[0], (1,)))
        read = seconds(lambda: client.compute(sizes).result())
    print(f"\nfrom Zarr, 2 workers: {rate / 1e6:.2f} million rows a second; ", end="")
    print(f"reading alone {x.nbytes / read / 1e9:.2f} GB a second")


def growth() -> None:
    """From 10^5 to 10^8 rows, made chunk by chunk by the tasks that differentiate: 10.4 GB at the largest."""
    print("\nrows made and differentiated by 2 workers, and the most memory that one had")
    with workers(2) as client:
        gradient(client, *made(CHUNK, CHUNK))
        for exponent in 5, 6, 7, 8:
            count = 10**exponent
            x, y = made(count, min(CHUNK, count // 4))
            run = seconds(lambda x=x, y=y: gradient(client, x, y), repeats=1 if exponent > 6 else 5)
            most = max(client.run(_memory).values())
            print(f"  10^{exponent} rows: {run:>8.3f} s, {count / run / 1e6:.2f} million a second, {most / 1e6:.0f} MB")
        x, y = made(10**7, CHUNK)
        alone = seconds(lambda: client.gather(client.compute([x.max(), y.max()])), repeats=1)
        print(f"  making 10^7 rows and finding their largest number: {alone:.3f} s")


def _memory() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


PARTS = {part.__name__: part for part in (engines, overhead, reduction, reading, growth)}

if __name__ == "__main__":
    print(f"{os.cpu_count()} processors, Dask {dask.__version__}, load {os.getloadavg()[0]:.1f}")
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
        sys.stdout.flush()
