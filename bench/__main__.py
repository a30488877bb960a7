"""`make bench`: every benchmark, one after the other. Each adds its rows to `bench/results.json`."""

import subprocess
import sys

BENCHES = (
    "bench.bench_codec",
    "bench.bench_gy",
    "bench.bench_s6a",
    "bench.bench_gx",
    "bench.bench_dwr",
    "bench.bench_overload",
    "bench.bench_storm",
)


def main() -> int:
    """Runs them all; the exit code is the worst of theirs."""
    codes = [
        subprocess.run([sys.executable, "-m", name], check=False).returncode for name in BENCHES
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
