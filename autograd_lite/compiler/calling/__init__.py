"""A compiled function and its calls: arguments, traces, results, and the fast paths of one point."""
