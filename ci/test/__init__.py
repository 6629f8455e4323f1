"""Runs the project's tests, CPython's own tests, comparisons and fuzzing."""
