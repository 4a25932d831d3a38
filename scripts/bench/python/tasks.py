"""What loky's (Python) workers run: the functions of tasks.cjs that its measurements need."""

import os
import time

calls = 0


def noop():
    global calls
    calls += 1


def echo(value):
    return value


def census():
    """Takes 30 ms, so that two calls at once meet two workers."""
    end = time.monotonic() + 0.03
    while time.monotonic() < end:
        pass
    return os.getpid(), calls


def spin(steps):
    x = 0
    for step in range(steps):
        x = (x * 31 + step) & 0xFFFFFFFF
    return x


def block(path):
    with open(path, "w") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(1e6)
