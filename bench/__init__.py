"""Measurements: `python -m bench.bench_<what>`. Ratios within one run are what to trust."""
