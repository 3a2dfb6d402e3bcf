"""Property-testing of gradients, against oracles better than finite differences. Needs the extra `testing`."""

try:
    import hypothesis as _hypothesis  # noqa: F401
    import mpmath as _mpmath  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"autograd_lite.testing needs {error.name}: pip install 'autograd_lite[testing]'", name=error.name
    ) from error
