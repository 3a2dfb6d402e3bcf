"""The playground in a headless Chromium, with CPython in WebAssembly; skipped where pyodide's files are absent."""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import playground

ROOT = Path(__file__).parents[2]
SECONDS = 120_000  # milliseconds that a slow machine may need to load Python


def test_the_same_files_have_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        playground.assemble(tmp_path / name, None)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert not (tmp_path / "a" / "pyodide").exists()


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite.cli import main

    monkeypatch.setattr(playground, "find_pyodide", lambda: None)
    assert main(["playground"]) == 2
    assert "npm install pyodide" in capsys.readouterr().err
    assert main(["playground", "no"]) == 2
    assert "a port is a number" in capsys.readouterr().err
    assert main(["playground", "playground=2"]) == 0  # a name as any other


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pyodide = playground.find_pyodide(ROOT)
    if pyodide is None:
        pytest.skip("pyodide is not installed: npm install pyodide")
    folder = tmp_path_factory.mktemp("playground")
    playground.assemble(folder, pyodide)
    serving = playground.server(folder)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    serving.server_close()


def done(tab: Any, says: str = "Done") -> None:
    tab.wait_for_function(
        "(says) => document.querySelector('#state').textContent.includes(says)", arg=says, timeout=SECONDS
    )


@pytest.fixture(scope="module")
def tab(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request", lambda request: request.url.startswith((address, "data:", "blob:")) or troubles.append(request.url)
    )
    page.goto(address)
    done(page)
    yield page
    context.close()
    assert troubles == []


def ran(tab: Any, program: str, says: str = "Done") -> None:
    tab.locator("#program").fill(program)
    tab.evaluate("() => { document.querySelector('#state').textContent = ''; }")
    tab.locator("#program").press("Control+Enter")
    done(tab, says)


def test_a_program_is_run_and_its_circuit_computes(tab: Any) -> None:
    ran(tab, "x = Value(3.0)\ny = Value(4.0)\nf = x * y\nprint(f.data)")
    assert tab.locator("#printed").text_content() == "12.0\n"
    frame = tab.frame_locator("#panel iframe")
    assert frame.locator("#result").inner_text() == "f = 12"
    frame.get_by_label("x", exact=True).fill("5")
    frame.get_by_label("x", exact=True).press("Tab")
    frame.locator("#result", has_text="f = 20").wait_for()
    for name, text in (("Explanation", "∂f/∂x = 4"), ("Steps", "1. f = x × y"), ("LaTeX", "\\begin{aligned}")):
        tab.get_by_role("tab", name=name).click()
        assert text in tab.locator("#panel pre").text_content()
    tab.get_by_role("tab", name="LaTeX").press("ArrowRight")
    assert tab.get_by_role("tab", name="Circuit").get_attribute("aria-selected") == "true"


def test_a_mistake_has_its_line_and_the_last_circuit_stays(tab: Any) -> None:
    ran(tab, "x = Value(3.0)\ng = x * x")
    ran(tab, "x = Value(3.0)\n\nh = x * nope", "error")
    assert tab.locator("#error").text_content() == "Line 3: NameError: name 'nope' is not defined"
    assert tab.locator("#lines .wrong").text_content() == "3"
    assert tab.frame_locator("#panel iframe").locator("#result").inner_text() == "g = 9"
    ran(tab, "x = Value(3.0)\nh = x * 2")
    assert tab.locator("#error").is_hidden()


def test_an_endless_program_is_interrupted_and_the_next_runs(tab: Any) -> None:
    ran(tab, "while True:\n    pass", "Running")
    tab.wait_for_timeout(300)
    tab.get_by_role("button", name="Stop").click()
    tab.locator("#error", has_text="interrupted").wait_for(timeout=SECONDS)
    ran(tab, "x = Value(2.0)\nf = x ** 3")
    assert tab.frame_locator("#panel iframe").locator("#result").inner_text() == "f = 8"


def test_without_shared_memory_python_is_started_anew(browser: Any, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.SharedArrayBuffer")
    page.goto(address)
    done(page)
    ran(page, "while True:\n    pass", "Running")
    page.get_by_role("button", name="Stop").click()
    done(page, "ready")
    ran(page, "x = Value(2.0)\nf = x ** 3")
    context.close()


def test_an_address_holds_the_program_also_without_a_network(browser: Any, tab: Any, address: str) -> None:
    program = "a = Value(1.5)\nf = a * 2  # ∂ é"
    ran(tab, program)
    code = tab.url.split("#code=")[1]
    assert zlib.decompress(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)), wbits=-15).decode() == program
    tab.evaluate("navigator.serviceWorker.ready.then(() => null)")
    tab.context.set_offline(True)
    other = tab.context.new_page()
    other.goto(tab.url)
    done(other)
    assert other.locator("#program").input_value() == program
    assert other.frame_locator("#panel iframe").locator("#result").inner_text() == "f = 3"
    other.goto("about:blank")
    other.goto(f"{address}#code=damaged")
    other.locator("#error", has_text="The link is damaged").wait_for()
    other.close()
    tab.context.set_offline(False)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_works_with_the_keyboard_alone(browser: Any, tab: Any, address: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    inner, outer = tab.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert inner <= outer
    tab.locator("#example").focus()
    seen = []
    for _ in range(4):
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate("() => document.activeElement.id"))
    assert seen[:3] == ["run", "link", "program"]


def test_without_pyodide_the_page_says_so(browser: Any, tmp_path: Path) -> None:
    playground.assemble(tmp_path, None)
    serving = playground.server(tmp_path)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{serving.server_port}/")
    page.locator("#error", has_text="npm install pyodide").wait_for()
    assert page.locator("#state").text_content() == "There is no Python here."
    page.close()
    serving.shutdown()
    serving.server_close()


def test_a_first_program_that_fails_shows_how_far_it_came(browser: Any, address: str) -> None:
    packed = zlib.compress(b"x = Value(3.0)\nf = x * x\nf.nope\n", wbits=-15)
    page = browser.new_page()
    page.goto(f"{address}#code={base64.urlsafe_b64encode(packed).decode().rstrip('=')}")
    done(page, "error")
    assert page.locator("#note").text_content() == "As far as the program came:"
    assert page.frame_locator("#panel iframe").locator("#result").inner_text() == "f = 9"
    page.close()
