"""Hypothesis' profiles: the same examples in every CI run, more in a night's; and a verifier in the compiler."""

import functools
import os
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from autograd_lite.compiler import Builder, Program

collect_ignore = ["mutation.py"]  # a program, with a profile of its own that must not become the suite's
collect_ignore_glob = ["*conftest.py"]  # which have no examples, and one name

settings.register_profile("local", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else os.environ.get("HYPOTHESIS_PROFILE", "local"))


@pytest.fixture(autouse=True, scope="session")
def programs_are_verified() -> Iterator[None]:
    """Every program that a stage of the compiler makes is verified: each is made by a builder."""
    original = Builder.program

    @functools.wraps(original)
    def verified(self: Builder, outputs: Iterable[Any], inputs: Any = None) -> Program:
        program = original(self, outputs, inputs)
        program.verify()
        return program

    Builder.program = verified  # type: ignore[method-assign]
    yield
    Builder.program = original  # type: ignore[method-assign]
