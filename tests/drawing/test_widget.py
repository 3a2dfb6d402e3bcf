"""The widget: its two ways between the page and the Values, in plain Python and in a JupyterLab in Chromium."""

from __future__ import annotations

import gc
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value

pytest.importorskip("anywidget", reason="anywidget is not installed: pip install 'autograd_lite[notebook]'")
ROOT = Path(__file__).parents[2]


def product() -> tuple[Value, Value, Value]:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    return x, y, (x * y).named("f")


def test_what_the_page_sends_is_in_the_values() -> None:
    x, y, f = product()
    widget = f.draw().widget()
    assert widget.leaves == {"0": "2.0", "1": "3.0"}
    assert (x.grad, y.grad) == (3.0, 2.0)
    widget.leaves = {"0": "5", "1": "-Infinity"}
    assert (x.data, y.data, f.data) == (5.0, float("-inf"), float("-inf"))
    assert (x.grad, y.grad) == (float("-inf"), 5.0)
    widget.leaves = {"0": "NaN", "1": "1e-7"}
    assert repr(x.data) == "nan"
    assert y.data == 1e-07


def test_what_python_changes_is_sent() -> None:
    x, y, f = product()
    widget = f.draw().widget()
    x.data = float("inf")
    widget.update()
    assert widget.leaves == {"0": "Infinity", "1": "3.0"}
    assert (f.data, x.grad, y.grad) == (float("inf"), 3.0, float("inf"))


def test_an_update_without_a_change_leaves_the_gradients() -> None:
    x, _, f = product()
    widget = f.draw().widget()
    widget.leaves = {"0": "5", "1": "3"}
    f.backward()  # a second sweep adds
    assert x.grad == 6.0
    widget.update()
    assert x.grad == 6.0


def test_the_page_is_the_pictures() -> None:
    _, _, f = product()
    f.backward()
    assert f.draw(direction="TB").widget().page == f.draw(direction="TB").html()


def test_a_closed_widget_is_let_go() -> None:
    _, _, f = product()
    widget = f.draw().widget()
    here = weakref.ref(widget)
    widget.close()
    del widget
    gc.collect()
    assert here() is None


# ---- in JupyterLab ---------------------------------------------------------------------------------------------------

NOTEBOOK = [
    "from autograd_lite import Value\nx, y = Value(2.0), Value(3.0)\nf = x * y\nw = f.draw().widget()\nw",
    "print('data', x.data, f.data, y.grad)",
    "x.data = 7.0",
]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install jupyterlab ipykernel")
    folder = tmp_path_factory.mktemp("jupyter")
    cells = [
        {"cell_type": "code", "id": f"c{k}", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for k, text in enumerate(NOTEBOOK)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "widget.ipynb").write_text(json.dumps(notebook))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    homes = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        f"--notebook-dir={folder}",
    ]
    command += ["--IdentityProvider.token=", "--ServerApp.password=", "--ip=127.0.0.1", "--LabApp.news_url=None"]
    log = (folder / "log").open("w")
    environment = {**os.environ, **homes, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            break
        except OSError:
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait(30)
    log.close()


def test_in_jupyterlab_a_slider_sets_the_values_and_python_moves_the_page(browser: Any, jupyter: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.set_default_timeout(120_000)
    tab.goto(f"{jupyter}/lab/tree/widget.ipynb?reset")
    cells = tab.locator(".jp-Notebook .jp-CodeCell")
    cells.nth(2).wait_for()
    tab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def run(cell: int) -> None:
        cells.nth(cell).locator(".jp-InputPrompt, .jp-InputArea-prompt").first.click()
        tab.keyboard.press("Control+Enter")

    def printed(text: str) -> None:
        run(1)
        cells.nth(1).locator(".jp-OutputArea-output", has_text=re.compile(re.escape(text))).wait_for()

    frame = cells.nth(0).frame_locator("iframe[title=Circuit]")
    for tries in range(4):  # a key that is pressed before JupyterLab listens is lost
        run(0)
        try:
            frame.locator("#result", has_text="f = 6").wait_for(timeout=30_000)
            break
        except playwright.TimeoutError:
            assert tries < 3, "JupyterLab shows no circuit"
    printed("data 2.0 6.0 2.0")
    slider = frame.get_by_label("x, slider")
    slider.focus()
    slider.press("ArrowRight")
    value = float(slider.input_value())
    assert value > 2.0
    tab.wait_for_timeout(1000)
    printed(f"data {value!r} {value * 3.0!r} {value!r}")
    run(2)  # x.data = 7.0
    frame.locator("#result", has_text="f = 21").wait_for()
    assert frame.get_by_label("x", exact=True).input_value() == "7"
    printed("data 7.0 21.0 7.0")

    def focused() -> str:
        inside = frame.locator(":focus")
        return str(inside.get_attribute("aria-label") or inside.text_content()) if inside.count() else ""

    frame.locator(".skip").focus()  # from here on with the keyboard alone
    walked = []
    while len(walked) < 20 and "y, slider" not in walked:
        tab.keyboard.press("Tab")
        walked.append(focused())
        if walked[-1] == "y, leaf":
            tab.keyboard.press("ArrowUp")
    assert [name for name in walked if name.endswith("leaf")] == ["x, leaf", "y, leaf"]
    assert {"Smaller", "A step back", "Find a node", "x, slider", "y, slider"} <= set(walked)
    y = float(frame.get_by_label("y, slider").input_value())
    assert y > 3.0
    tab.keyboard.press("Escape")
    frame.get_by_label("A step back").press("/")
    tab.keyboard.type("x")
    tab.keyboard.press("Enter")
    assert focused() == "x, leaf"
    tab.keyboard.press("Home")
    assert frame.locator("#where").inner_text().startswith("0 of")
    assert cells.count() == 3  # no key has reached JupyterLab
    printed(f"data 7.0 {7.0 * y!r} 7.0")
    tab.close()
