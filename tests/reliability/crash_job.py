"""The code of the jobs that are killed: each says where it is by files and lines."""

from __future__ import annotations

BURST_LINES = 40_000
JOB = f"""
import os, signal, sys, time
run, data = os.environ["RUNTIME__RUN_ID"], ".dlt/data/prod"

def begin():
    with open(data + "/executions", "a") as file:
        file.write(run + "\\n")

def wait():
    while not os.path.exists(data + "/go-" + run):
        time.sleep(0.01)

def quick():
    begin()
    for number in range(3):
        print("line", number, flush=True)
    print("end", flush=True)

def steady():
    begin()
    number = 0
    while not os.path.exists(data + "/go-" + run):
        print("line", number, flush=True)
        number += 1
        time.sleep(0.002)
    print("end", flush=True)

def pulse():
    begin()
    number = 0
    while not os.path.exists(data + "/go-" + run):
        print("line", number, flush=True)
        number += 1
        time.sleep(0.2)
    print("end", flush=True)

def burst():
    begin()
    for number in range({BURST_LINES}):
        print("line", number, "x" * 100)
    print("end", flush=True)

def waits():
    begin()
    print("line 0", flush=True)
    wait()
    print("line 1", flush=True)
    print("end", flush=True)

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begin()
    print("line 0", flush=True)
    wait()
"""
JOBS = ("quick", "steady", "burst", "waits", "stubborn")
