"""Drift: what a reconcile found to differ, when it was first seen, and what became of it."""
