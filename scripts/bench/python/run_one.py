"""One measurement of Python's loky: `python3 run_one.py SCENARIO SIZES` prints one JSON line like run-one.js.

Takes the package `loky`, or else the copy of it inside `joblib`. Started by adapters/loky-python.js.
"""

import array
import json
import os
import signal
import statistics
import sys
import tempfile
import time

import tasks

before_import = time.perf_counter()
try:
    import loky
except ImportError:
    from joblib.externals import loky
imported = time.perf_counter()

MILLISECONDS = 1e3
PAYLOADS = {
    "buffer-1k": lambda: os.urandom(1024),
    "buffer-100k": lambda: os.urandom(100 * 1024),
    "buffer-10m": lambda: os.urandom(10 * 1024 * 1024),
    "buffer-100m": lambda: os.urandom(100 * 1024 * 1024),
    "object-1e5": lambda: [
        {"id": i, "name": f"record {i}", "active": i % 3 == 0, "score": i / 7, "tags": ["red", "green", i], "note": None}
        for i in range(10_000)
    ],
    "float64-1e6": lambda: array.array("d", (i / 7 for i in range(1_000_000))),
}


pools = []


def open_pool(workers):
    pools.append(loky.ProcessPoolExecutor(max_workers=workers))
    return pools[-1]


def warm(pool, workers, calls):
    for future in [pool.submit(tasks.census) for _ in range(workers)]:
        future.result()
    for _ in range(calls):
        pool.submit(tasks.noop).result()


def count_calls(pool, workers):
    met = {}
    for _ in range(5):
        met.update(dict(future.result() for future in [pool.submit(tasks.census) for _ in range(workers)]))
        if len(met) == workers:
            break
    return sum(met.values())


def memory_of(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmRSS"].split()[0]) * 1024
    except OSError:
        return None


def round_trip(sizes):
    calls = sizes["calls"]
    pool = open_pool(2)
    warm(pool, 2, 100)
    before = count_calls(pool, 2)
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        pool.submit(tasks.noop).result()
        times.append((time.perf_counter() - start) * 1e6)
    status = "ok" if count_calls(pool, 2) - before == calls else "wrong"
    return status, {"mean": statistics.mean(times), "p50": statistics.median(times)}


def burst(sizes):
    calls = sizes["calls"]
    pool = open_pool(2)
    warm(pool, 2, 100)
    before = count_calls(pool, 2)
    cpu = time.process_time()
    start = time.perf_counter()
    futures = [pool.submit(tasks.noop) for _ in range(calls)]
    for future in futures:
        future.result()
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    status = "ok" if count_calls(pool, 2) - before == calls else "wrong"
    return status, {"rate": calls / seconds, "hostCpu": cpu / calls * 1e6}


def echo(sizes):
    pool = open_pool(2)
    warm(pool, 2, 20)
    payload = PAYLOADS[sizes["payload"]]()
    times = []
    right = True
    for _ in range(sizes["echoes"] + 1):
        start = time.perf_counter()
        received = pool.submit(tasks.echo, payload).result()
        times.append((time.perf_counter() - start) * MILLISECONDS)
        right = right and len(received) == len(payload)
    right = right and received == payload
    return ("ok" if right else "wrong"), {"ms": statistics.median(times[1:])}


def first_result(sizes):
    pool = open_pool(1)
    pool.submit(tasks.noop).result()
    end = time.perf_counter()
    return "ok", {
        "created": (end - imported) * MILLISECONDS,
        "imported": (end - before_import) * MILLISECONDS,
    }


def kill_under(pool, folder, trial):
    path = os.path.join(folder, str(trial))
    future = pool.submit(tasks.block, path)
    while not (os.path.exists(path) and open(path).read().endswith("\n")):
        time.sleep(0.002)
    pid = int(open(path).read())
    time.sleep(0.02)
    killed = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    try:
        future.result(timeout=10)
    except loky.process_executor.TerminatedWorkerError:
        return killed
    raise RuntimeError("the death was not seen")


def fault(sizes, workers, reopen):
    times = []
    with tempfile.TemporaryDirectory(prefix="loky-bench-") as folder:
        for trial in range(sizes["trials"]):
            pool = loky.get_reusable_executor(max_workers=workers)
            pools.append(pool)
            warm(pool, workers, 1)
            killed = kill_under(pool, folder, trial)
            if reopen:
                pools.append(loky.get_reusable_executor(max_workers=workers))
                pools[-1].submit(tasks.noop).result()
            times.append((time.perf_counter() - killed) * MILLISECONDS)
    return "ok", {"ms": statistics.median(times)}


def time_spins(pool, sizes):
    start = time.perf_counter()
    for future in [pool.submit(tasks.spin, sizes["steps"] // 50) for _ in range(sizes["tasks"])]:
        future.result()
    return time.perf_counter() - start


def two_workers(sizes):
    one, two = open_pool(1), open_pool(2)
    warm(one, 1, 5)
    warm(two, 2, 5)
    ratios = [time_spins(one, sizes) / time_spins(two, sizes) for _ in range(sizes["repeats"])]
    return "ok", {"ratio": statistics.median(ratios)}


def memory_at_rest(sizes):
    pool = open_pool(2)
    warm(pool, 2, 10)
    pids = {pool.submit(tasks.census).result()[0] for _ in range(4)}
    time.sleep(sizes["rest"] / 1000)
    return "ok", {"worker": statistics.mean([memory_of(pid) for pid in pids])}


SCENARIOS = {
    "round-trip": round_trip,
    "burst-1k": burst,
    "burst-10k": burst,
    "burst-20k": burst,
    "burst-100k": burst,
    **{name: echo for name in PAYLOADS},
    "first-result": first_result,
    "death-seen": lambda sizes: fault(sizes, 2, False),
    "next-after-kill": lambda sizes: fault(sizes, 1, True),
    "two-workers": two_workers,
    "memory-at-rest": memory_at_rest,
}

if __name__ == "__main__":
    name, sizes = sys.argv[1], json.loads(sys.argv[2])
    if name not in SCENARIOS:
        status, metrics = "not measured", {}
    else:
        status, metrics = SCENARIOS[name](sizes)
    print(json.dumps({"status": status, "metrics": metrics}), flush=True)
    for pool in pools:
        pool.shutdown(kill_workers=True)
