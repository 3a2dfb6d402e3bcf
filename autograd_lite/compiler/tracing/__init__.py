"""From Python to a program: a function run on tracers, and what it decided; a primitive's own source."""
