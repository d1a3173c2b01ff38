#!/usr/bin/env python3
"""A live run over a network of hosts gives the undisturbed hits, whatever happens to the links and the hosts.

    test_network.py BUILD [CASE...]     BUILD: the folder with bin/; TEST_LONG=1: more and longer cuts

        producer --XADD--> redis                       six network namespaces on a switch that delays,
                             |                          loses and cuts (switch.py); CURVE everywhere
        worker1..3 ------- broker ------- collector --> csv
             \\------------------------------^
        the same streams --> fastscanner replay, on one machine --> the same rows

The scans are the intraday jobs of tests/golden/market-a. Exit code 77: no such network can be made here.
"""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hosts  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "golden", "market-a.tar.xz")
BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build"
LONG = bool(os.environ.get("TEST_LONG"))
HOSTS = {"redis": "10.99.0.2", "broker": "10.99.0.3", "collector": "10.99.0.4",
         "worker1": "10.99.0.11", "worker2": "10.99.0.12", "worker3": "10.99.0.13"}
PATIENCE_S = 120
CONTROL, HITS, REDIS = 5555, 6555, 6379


def program(name):
    return os.path.join(BUILD, "bin", name)


class Redis:
    """A connection to the server's unix socket: namespaces of networks do not part those."""

    def __init__(self, path):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                self.file = self.socket.makefile("rb")
                self.do([["PING"]])
                return
            except (OSError, RuntimeError):
                self.socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)  # until the server listens, which nothing but trying tells

    def do(self, commands):
        out = b"".join(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words) for words in commands)
        self.socket.sendall(out)
        for _ in commands:
            line = self.file.readline()
            if line[:1] == b"$":
                self.file.read(int(line[1:]) + 2)
            elif line[:1] not in (b"+", b":"):
                raise RuntimeError(line.decode() or "the server is gone")


def read_market(folder):
    """The rows of all 1min files in the order of time: (moment, symbol, fields)."""
    rows = []
    for path in glob.glob(f"{folder}/market/data/candles/*/1min/*.csv"):
        symbol = path.split("/")[-3]
        with open(path, encoding="ascii") as lines:
            next(lines)
            for line in lines:
                moment, *values = line.strip().split(",")
                if moment >= "2023-03-07 05:00:00":
                    rows.append((moment, symbol, values))
    return sorted(rows)


def entry(row):
    moment, symbol, values = row
    stamp = int(time.mktime(time.strptime(moment[:19], "%Y-%m-%d %H:%M:%S"))) * 1000
    fields = zip(("open", "high", "low", "close", "volume"), values)
    return ["XADD", f"candles_min_{symbol}", "*", "symbol", symbol, "timestamp", str(stamp),
            *[word for pair in fields for word in pair]]


class Market:
    """Market-a, unpacked, and its intraday scans."""

    def __init__(self, folder):
        with tarfile.open(GOLDEN) as archive:
            archive.extractall(folder)
        with open(f"{folder}/jobs.json", encoding="utf-8") as file:
            jobs = json.load(file)["jobs"]
        self.rows = read_market(folder)
        self.data = f"{folder}/market"
        self.scans = []
        for job in jobs:
            if job["freq"] != "1d":
                self.scans += ["--scan", scan_of(job)]


def scan_of(job):
    words = [f"{job['name']}:{job['scanner']}", f"freq={job['freq']}"]
    for name, value in job["params"].items():
        if value is True:
            words.append(name)
        elif value is not False and value is not None:
            words.append(f"{name}={text_of(value)}")
    return ",".join(words)


def text_of(value):
    return "/".join(map(text_of, value)) if isinstance(value, list) else str(value)


class Run:
    """The programs, each on its host."""

    def __init__(self, network, folder, market):
        self.network, self.folder, self.market = network, folder, market
        self.processes = {}
        self.socket = f"{folder}/redis.sock"
        subprocess.run([program("fastscanner"), "keys", f"{folder}/keys"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for host in ("redis", "collector", "broker", "worker1", "worker2", "worker3"):
            self.start(host)

    def command(self, host):
        broker = f"tcp://{HOSTS['broker']}:{CONTROL}"
        keys = f"{self.folder}/keys"
        if host == "redis":
            return ["redis-server", "--bind", HOSTS["redis"], "--port", str(REDIS), "--protected-mode",
                    "no", "--unixsocket", self.socket, "--dir", self.folder, "--save", "",
                    "--appendonly", "yes", "--appendfsync", "always"]
        if host == "collector":
            return [program("fastscanner-collector"), "--broker", broker, "--listen",
                    f"tcp://0.0.0.0:{HITS}", "--state", f"{self.folder}/journal", "--out",
                    f"csv:{self.folder}/hits.csv", "--curve-dir", f"{keys}/collector"]
        if host == "broker":
            return [program("fastscanner"), "live", "--listen", f"tcp://0.0.0.0:{CONTROL}", "--no-local",
                    "--redis", f"redis://{HOSTS['redis']}:{REDIS}/0", "--state",
                    f"{self.folder}/stats", "--curve-dir", f"{keys}/broker", "--progress", "never",
                    *self.scan_arguments()]
        return [program("fastscanner-worker"), "--broker", broker, "--name", host, "--curve-dir",
                f"{keys}/worker"]

    def scan_arguments(self):
        # No candle may be late: what is compared was fed at other times.
        return ["--data", self.market.data, "--since", "start", "--candle-timeout", "3600",
                "--all-hits", *self.market.scans]

    def start(self, host):
        os.makedirs(f"{self.folder}/stats", exist_ok=True)
        self.processes[host] = self.network.start(host, self.command(host), self.log(host))

    def log(self, host):
        return f"{self.folder}/{host}.log"

    def restart(self, host):
        """kill -9, as when the host loses its power, and up again."""
        self.processes[host].kill()
        self.processes[host].wait()
        self.start(host)

    def produce(self, rows):
        """Adds rows until all are there, over connections that may be lost."""
        connection = Redis(self.socket)
        for first in range(0, len(rows), 100):
            some = rows[first:first + 100]
            connection.do([entry(row) for row in some])
        connection.socket.close()

    def stat(self, name):
        try:
            with open(f"{self.folder}/stats/stats.json", encoding="utf-8") as file:
                return json.load(file)[name]
        except (OSError, KeyError, ValueError):
            return -1

    def wait(self, what, is_so):
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            for host, process in self.processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{host} ended with {process.returncode}: {self.tail(host)}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what}; the broker said: {self.tail('broker')}")
            time.sleep(0.05)

    def tail(self, host):
        with open(self.log(host), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-12:])

    def is_settled(self, since):
        """Of reports since that moment: all is read and committed, in two of them one behind the other."""
        path = f"{self.folder}/stats/stats.json"
        try:
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
                written = os.fstat(file.fileno()).st_mtime_ns
        except (OSError, ValueError):
            return False
        if written <= since or written == self.report:
            return False
        self.report = written
        good = (report["connected"] == 1 and report["caught_up"] == 1 and report["unattached"] == 0
                and report["shards_outstanding"] == 0 and report["sinks_behind"] == 0
                and report["collector_able"] == 1)
        self.settled = self.settled + 1 if good else 0
        return self.settled == 2

    def finish(self):
        """Waits until all that was added is in the sink, and stops broker, workers and collector in order."""
        since, self.report, self.settled = time.time_ns(), 0, 0
        self.wait("end of the work", lambda: self.is_settled(since))
        for host in ("broker", "worker1", "worker2", "worker3", "collector"):
            self.processes[host].send_signal(signal.SIGTERM)
            code = self.processes[host].wait(timeout=30)
            if code != 0:
                raise AssertionError(f"{host} ended with {code}: {self.tail(host)}")

    def hits(self):
        return read_rows(f"{self.folder}/hits.csv")

    def undisturbed(self):
        """The rows of a replay of the same streams, on one machine."""
        out = f"{self.folder}/replay.csv"
        subprocess.run([program("fastscanner"), "replay", "--redis", f"unix://{self.socket}",
                        "--out", f"csv:{out}", "--progress", "never", *self.scan_arguments()],
                       check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        return read_rows(out)


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return Counter(file.read().splitlines())


class NetworkTest(unittest.TestCase):
    """Each case: produce, disturb meanwhile, and compare."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="fastscanner-network-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.market = Market(self.folder)

    def run_with(self, disturb, parts=20):
        """disturb (run, i) is called behind part i of the candles; each part waits for nothing else."""
        with hosts.Network(HOSTS) as network:
            run = Run(network, self.folder, self.market)
            run.wait("first state", lambda: run.stat("unattached") >= 0)
            size = len(self.market.rows) // parts + 1
            for i in range(parts):
                run.produce(self.market.rows[i * size:(i + 1) * size])
                disturb(run, i)
            run.finish()
            got, wanted = run.hits(), run.undisturbed()
        self.assertGreater(sum(wanted.values()), 1000)
        self.assertEqual(+(wanted - got), Counter(), "lost")
        self.assertEqual(+(got - wanted), Counter(), "too many")

    def test_quiet(self):
        """Over CURVE, between hosts, the hits are those of one machine."""
        self.run_with(lambda run, i: None, parts=4)

    def test_bad_lines(self):
        """20 ms of delay, 5 ms of jitter and 1 % of all frames lost cost no hit."""

        def disturb(run, i):
            if i == 0:
                run.network.tell("delay", 20, 5)
                run.network.tell("loss", 1)

        self.run_with(disturb, parts=8)

    def test_short_cuts(self):
        """Each host's link is cut for a second while candles come."""
        names = [*HOSTS] * (3 if LONG else 1)

        def disturb(run, i):
            if i < len(names):
                run.network.cut(names[i], 1)

        self.run_with(disturb, parts=len(names) + 2)

    def test_long_cuts(self):
        """A link is cut for 30 s while candles come: a worker is given up and joins anew, for a collector all
        wait."""
        names = [*HOSTS] if LONG else ["worker2", "collector"]

        def disturb(run, i):
            if i % 2 == 1 and i // 2 < len(names):
                cut = threading.Thread(target=run.network.cut, args=(names[i // 2], 30))
                cut.start()
                self.cuts.append(cut)
            elif i % 2 == 0 and self.cuts:
                self.cuts.pop().join()

        self.cuts = []
        self.run_with(disturb, parts=2 * len(names) + 2)

    def test_restarts(self):
        """Each host loses its power in turn, and comes back."""
        names = ["worker1", "collector", "broker", "worker3", "redis", "worker2"] * (3 if LONG else 1)

        def disturb(run, i):
            if i < len(names):
                run.restart(names[i])

        self.run_with(disturb, parts=len(names) + 2)


if __name__ == "__main__":
    reason = hosts.missing() or (None if shutil.which("redis-server") else "no redis-server")
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    os.environ["TZ"] = "UTC"
    time.tzset()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
