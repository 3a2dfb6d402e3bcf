"""The helpers beside this file (`rows`, `agreement`) are imported by the tests in the folders below it."""
