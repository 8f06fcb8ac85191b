"""Benchmarks; they print figures and assert nothing in the test suite."""
