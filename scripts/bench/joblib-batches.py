"""joblib's automatic batches over items of so many microseconds, read from stdin: prints the seconds that they took."""
import json
import sys
import time

from joblib import Parallel, delayed


def spin(steps):
    total = 0
    for step in range(steps):
        total = (total * 31 + step) % 1_000_003
    return total


workers, times = int(sys.argv[1]), json.load(sys.stdin)
start = time.perf_counter()
spin(3_000_000)
per_microsecond = 3 / (time.perf_counter() - start)
steps = [round(each * per_microsecond) for each in times]
with Parallel(n_jobs=workers, batch_size="auto", pre_dispatch="all") as parallel:
    parallel(delayed(spin)(1) for _ in range(100))
    start = time.perf_counter()
    parallel(delayed(spin)(each) for each in steps)
    print(time.perf_counter() - start)
