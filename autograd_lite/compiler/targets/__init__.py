"""The printers of programs: Python source, JavaScript, JAX, native code."""
