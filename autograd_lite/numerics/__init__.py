"""Mathematics on plain floats: special functions, decimal digits, IEEE 754, domains."""
