"""Hypothesis' profiles: the same examples in every CI run, more of them in a night's."""

import os

from hypothesis import HealthCheck, settings

collect_ignore = ["mutation.py"]  # a program, with a profile of its own that must not become the suite's

settings.register_profile("local", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else os.environ.get("HYPOTHESIS_PROFILE", "local"))
