#!/usr/bin/env python3
"""What a load feels of workers that come and go.

    churn.py BUILD [--rate N] [--seconds N] [--every S] [--count N] [--json FILE]

        load --rate--> broker ==tcp==> workers a, b, and c: joins, is told to leave, joins ...
                          \\<--------- collector <==tcp== hits

Without --rate it is half of what goes through at most, measured first. The same is run without c, then with c, then
without: the figures of the last two of the three are compared. Ends with 1 when a hit or a candle was lost or doubled, or when
nothing moved. Symbols: 40 in each of the 256 shards, when --count is not given.
"""
import argparse
import json
import sys
import time

from away import Away


def run_load(arguments, rate, seconds, churn):
    with Away(arguments.build) as away:
        for name in "ab":
            away.worker(0, name)
        away.collector()
        words = ["load", "--count", str(arguments.count), "--seconds", str(seconds), "--state", away.state,
                 "--json", f"{away.folder}/load.json"]
        load = away.broker(0, *words, *(["--rate", str(rate)] if rate else []))
        joins = 0
        away.wait_for("beginning", lambda: "the test begins" in load.said() or not load.runs())
        while churn and load.runs():
            worker = away.worker(0, "c")
            joins += 1
            pause(load, arguments.every)
            if worker.stop() != 0:
                raise SystemExit(f"c ended with {worker.code}: {worker.said()}")
            pause(load, arguments.every)
        if load.wait() not in (0, 1):
            raise SystemExit(load.said())
        try:
            with open(f"{away.folder}/load.json", encoding="utf-8") as file:
                result = json.load(file)
        except ValueError:
            raise SystemExit("".join(process.said()[-3000:] for process in away.processes)) from None
        result["stats"], result["joins"] = away.stats(), joins
        return result


def pause(load, seconds):
    """The time between two of the events that are measured."""
    end = time.monotonic() + seconds
    while load.runs() and time.monotonic() < end:
        time.sleep(0.02)


def line(name, result):
    age, stats = result["candle_to_commit_us"], result["stats"]
    print(f"{name:10}{result['stages'][-1]['candles_per_second']:>12,.0f}{age['p50'] / 1000:>9.2f}"
          f"{age['p99'] / 1000:>9.2f}{age['p999'] / 1000:>9.2f}{result['joins']:>7}{stats.get('moves', 0):>7}"
          f"{stats.get('moves_with_state', 0):>7}{stats.get('longest_move_ms', 0):>9}"
          f"{result['candles']['lost'] + result['hits']['lost']:>6}"
          f"{result['candles']['doubled'] + result['hits']['rows'] - result['hits']['distinct']:>9}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--count", type=int, default=10240)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    print(f"{'':10}{'candles/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'p99.9':>9}{'joins':>7}{'moves':>7}{'state':>7}"
          f"{'held ms':>9}{'lost':>6}{'doubled':>9}")
    results = []
    rate = arguments.rate
    if not rate:
        results.append(("at most", run_load(arguments, 0, 5, False)))
        line(*results[-1])
        rate = int(results[-1][1]["stages"][-1]["candles_per_second"] / 2)
    for name, churn in (("steady", False), ("c goes", True), ("steady", False)):
        results.append((name, run_load(arguments, rate, arguments.seconds, churn)))
        line(*results[-1])
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file)
    good = all(result["good"] for _, result in results)
    moved = all(result["stats"]["moves_with_state"] > 0 for name, result in results if name == "c goes")
    return 0 if good and moved else 1


if __name__ == "__main__":
    sys.exit(main())
