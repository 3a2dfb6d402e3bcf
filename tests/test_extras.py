"""What needs a package that is missing says so in one line, at the call that needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite

MISSING = {
    "numpy": (
        "f = ag.compile(lambda x: x * x, target='python', in_axes=0); f([1.0])",
        "compile(in_axes=...)",
        "compile",
    ),
    "numpy ": ("ag.compile(lambda x: x * x, target='python').bind(1.0)", "compile(...).bind", "compile"),
    "llvmlite": ("ag.compile(lambda x: x * x, target='llvm')(1.0)", "native code", "compile"),
    "jax": ("ag.compile(lambda x: x * x, target='jax')(1.0)", "compile(target='jax')", "jax"),
    "scipy": ("ag.compile(lambda x: [x[0]], target='python').jacobian([1.0], sparse=True)", "sparse=True", ""),
    "tqdm": ("ag.compile(lambda x: x, target='python', in_axes=0)([1.0], progress=True)", "progress=True", "progress"),
    "hypothesis": ("import autograd_lite.testing", "autograd_lite.testing", "testing"),
    "mpmath": ("import autograd_lite.testing", "autograd_lite.testing", "testing"),
}


@pytest.mark.parametrize("missing", MISSING)
def test_one_line_says_what_to_install(missing: str) -> None:
    """In a process of its own, where the package cannot be imported, and a warning would be an error."""
    call, what, extra = MISSING[missing]
    package = missing.strip()
    program = f"import sys; sys.modules[{package!r}] = None; import autograd_lite as ag\n"
    program += f"try: {call}\nexcept ImportError as error: print(error, end='')"
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(autograd_lite.__file__).parents[1],
    )
    wanted = f"'autograd_lite[{extra}]'" if extra else package
    assert found.stdout.startswith(f"{what} needs {package} (")
    assert f": pip install {wanted}" in found.stdout
    assert "\n" not in found.stdout
    assert not found.stderr
