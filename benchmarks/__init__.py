"""Ours and the others in one process: `python -m benchmarks.NAME [--quick]` prints one JSON object."""
