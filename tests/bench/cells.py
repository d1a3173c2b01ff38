#!/usr/bin/env python3
"""A market cut in 1, 2 and 4 parts: the same hits, and what each process costs.

    cells.py BUILD [--count N] [--days N] [--parts N,N] [--json FILE]

        redis: c:0/16 ... c:15/16 --XREAD--> broker I/N --tcp--> worker of I --tcp--> the one collector

Each broker replays, as fast as it goes, the streams of its part alone. The processes share the cores of one machine: with more
parts there is not more of it, so what counts is the CPU time for a million candles of each role, which a machine for each would give
at once, and that the sum of hits is the same in each cut. Ends with 1 when it is not.
"""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter

from away import Away, Process

CUT = 16
SCAN = ("up:atr_parabolic_up,min_atr_multiplier=0.3,min_volume=0,min_adv=0,min_adr=0,"
        "start_time=04:00,end_time=19:59,include_null_market_cap")
MASK = (1 << 64) - 1


def shard_of(symbol):
    """As common/shard.h has it: FNV-1a 64, mixed, modulo 256."""
    x = 0xcbf29ce484222325
    for byte in symbol.encode():
        x = (x ^ byte) * 0x100000001b3 & MASK
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd & MASK
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53 & MASK
    return (x ^ x >> 33) % 256


def minutes_of(data, first):
    """All 1-minute rows from a day on, by time: (ms of arrival, symbol, line)."""
    rows = []
    for path in glob.glob(f"{data}/data/candles/*/1min/*.csv"):
        symbol = path.split("/")[-3]
        with open(path, encoding="ascii") as file:
            next(file)
            for line in file:
                moment, rest = line.rstrip().split(",", 1)
                if moment >= first:
                    stamp = int(time.mktime(time.strptime(moment[:19], "%Y-%m-%d %H:%M:%S")))
                    rows.append((stamp, symbol, rest))
    rows.sort()
    return rows


def fill(socket, rows):
    """Into the streams, by redis-cli."""
    names = ("open", "high", "low", "close", "volume")
    with subprocess.Popen(["redis-cli", "-s", socket, "--pipe"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as cli:
        for stamp, symbol, rest in rows:
            words = ["XADD", f"c:{shard_of(symbol) % CUT}/{CUT}", f"{(stamp + 60) * 1000}-*", "symbol", symbol,
                     "timestamp", str(stamp * 1000)]
            for pair in zip(names, rest.split(",")):
                words += pair
            cli.stdin.write((f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)).encode())
        cli.stdin.close()
        if cli.wait() != 0:
            raise SystemExit("redis-cli failed")


def run_cells(arguments, parts, data, socket):
    with Away(arguments.build, parts) as away:
        out = f"{away.folder}/hits.csv"
        collector = away.collector(f"csv:{out}")
        workers = [away.worker(part, f"w{part}") for part in range(parts)]
        states = [f"{away.folder}/state{part}" for part in range(parts)]
        for state in states:
            os.mkdir(state)
        start = time.monotonic()
        brokers = [away.broker(part, "replay", "--data", data, "--redis", f"unix://{socket}", "--streams", "c:*",
                               "--scan", SCAN, "--all-hits", "--partition", f"{part}/{parts}",
                               "--state", states[part]) for part in range(parts)]
        codes = [broker.wait() for broker in brokers]
        wall = time.monotonic() - start
        if any(codes):
            raise SystemExit("".join(broker.said() for broker in brokers))
        if any(process.stop() for process in [*workers, collector]):
            raise SystemExit(collector.said())
        stats = [away.stats(state) for state in states]
        with open(out, encoding="utf-8") as file:
            hits = Counter(file.read().splitlines()[1:])
        return {"parts": parts, "wall": wall, "hits": hits,
                "candles": [one["candles"] for one in stats],
                "bytes": [one["bytes_read"] for one in stats],
                "broker": sum(p.cpu_s for p in brokers), "worker": sum(p.cpu_s for p in workers),
                "collector": collector.cpu_s}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--days", type=int, default=5, choices=range(1, 6))
    parser.add_argument("--parts", default="1,2,4")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if not shutil.which("redis-server") or not shutil.which("redis-cli"):
        print("skipped: no redis-server here")
        return 77
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="fastscanner-cells-") as folder:
        data, socket = f"{folder}/market", f"{folder}/redis"
        subprocess.run([f"{arguments.build}/bin/fastscanner", "sample", data, "--count", str(arguments.count), "--from",
                        "2023-03-06", "--to", f"2023-03-{5 + arguments.days:02}"], check=True,
                       stderr=subprocess.DEVNULL)
        server = Process(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
                         f"{folder}/redis.log")
        try:
            while not os.path.exists(socket):
                if not server.runs():
                    raise SystemExit(server.said())
                time.sleep(0.01)
            rows = minutes_of(data, "2023-03-06 05:00")
            fill(socket, rows)
            print(f"{len(rows):,} candles of {arguments.count:,} symbols, {CUT} streams; CPU seconds for a million candles")
            print(f"{'parts':>5}{'seconds':>9}{'candles/s':>12}{'broker':>8}{'worker':>8}{'collector':>10}{'most':>7}{'hits':>9}")
            results = []
            for parts in arguments.parts.split(","):
                results.append(run_cells(arguments, int(parts), data, socket))
                print_line(results[-1])
        finally:
            server.stop()
    return report(results, len(rows), arguments)


def print_line(result):
    """One part's share is told by the largest of them: `most`, of 1.00 when all are alike."""
    millions = sum(result["candles"]) / 1e6
    most = max(result["candles"]) * result["parts"] / sum(result["candles"])
    print(f"{result['parts']:>5}{result['wall']:>9.2f}{millions * 1e6 / result['wall']:>12,.0f}"
          f"{result['broker'] / millions:>8.2f}{result['worker'] / millions:>8.2f}"
          f"{result['collector'] / millions:>10.3f}{most:>7.2f}{sum(result['hits'].values()):>9,}", flush=True)


def report(results, count, arguments):
    good = all(result["hits"] == results[0]["hits"] and sum(result["candles"]) == count for result in results)
    print("the same hits in each" if good else "the hits, or the candles, are NOT the same")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump([{**result, "hits": sum(result["hits"].values())} for result in results], file)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
