"""Processes of a live run on the loopback: a broker for each part, workers, one collector."""
import json
import os
import random
import socket
import subprocess
import tempfile
import time

SPAN = 260  # a broker's port, and those of its workers' data behind it


class Process:
    """A program that runs; `cpu_s` once it has ended."""

    def __init__(self, words, log):
        self.log, self.cpu_s, self.code = log, 0.0, None
        with open(log, "ab") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def wait(self):
        if self.code is None:
            _, status, usage = os.wait4(self.process.pid, 0)
            self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_s = usage.ru_utime + usage.ru_stime
        return self.code

    def runs(self):
        if self.code is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu_s = usage.ru_utime + usage.ru_stime
        return self.code is None

    def stop(self, signal=15):
        if self.runs():
            self.process.send_signal(signal)
        return self.wait()

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()


class Away:
    """with Away(BUILD, 2) as away: away.worker(0, "a"), away.collector(...), away.broker(0, "live", ...)"""

    def __init__(self, build, parts=1):
        self.bin, self.parts, self.processes = os.path.join(build, "bin"), parts, []
        self.folder = tempfile.mkdtemp(prefix="fastscanner-bench-")
        first = free_ports(parts + 1)
        self.ports = [first + SPAN * i for i in range(parts)]
        self.hits = f"tcp://127.0.0.1:{first + SPAN * parts}"
        self.state = f"{self.folder}/state"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stop(9)
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def start(self, program, *words, name):
        process = Process([f"{self.bin}/{program}", *words, "--insecure"], f"{self.folder}/{name}.log")
        self.processes.append(process)
        return process

    def endpoint(self, part):
        return f"tcp://127.0.0.1:{self.ports[part]}"

    def worker(self, part, name):
        return self.start("fastscanner-worker", "--broker", self.endpoint(part), "--name", name, name=name)

    def collector(self, *outs):
        words = [word for part in range(self.parts) for word in ("--broker", self.endpoint(part))]
        words += [word for out in outs for word in ("--out", out)]
        return self.start("fastscanner-collector", *words, "--listen", self.hits, "--state", self.state,
                          name="collector")

    def broker(self, part, *words):
        return self.start("fastscanner", *words, "--listen", self.endpoint(part), "--no-local",
                          "--progress", "never", name=f"broker{part}")

    def stats(self, state=None):
        try:
            with open(f"{state or self.state}/stats.json", encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def wait_for(self, what, is_so, patience_s=60):
        """Until is_so (); asks again and again, as nobody tells."""
        end = time.monotonic() + patience_s
        while not is_so():
            if time.monotonic() > end or any(p.code for p in self.processes if not p.runs()):
                raise SystemExit(f"no {what}\n" + "".join(p.said()[-2000:] for p in self.processes))
            time.sleep(0.02)


def free_ports(spans):
    """The first of `spans` x SPAN ports of which each span's first is free."""
    for _ in range(100):
        first = random.randrange(20000, 32000 - spans * SPAN)
        if all(is_free(first + SPAN * i) for i in range(spans)):
            return first
    raise SystemExit("no free ports")


def is_free(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
