"""A compiled function over rows: NumPy's arrays, JAX's, Dask's."""
