#!/usr/bin/env python3
"""A switch between network namespaces that delays, loses and cuts: what `tc netem` does, on every kernel.

    switch.py PORT...     interfaces of the namespace that it runs in, one for each host

It forwards Ethernet frames between the ports, learns who is where, and takes commands on stdin, one a line:

    delay MS [JITTER_MS]  each frame waits so long
    loss PERCENT          of the frames, by a generator of fixed seed
    cut PORT, mend PORT   nothing comes from the port or goes to it
    stats                 frames forwarded and lost so far

Each is answered with one line on stdout. It ends with stdin.
"""
import heapq
import random
import selectors
import socket
import sys
import time

ETH_P_ALL = 3
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263
FRAME_MAX = 65536
AT_ONCE = 64


class Switch:
    def __init__(self, ports):
        self.dice = random.Random(1)
        self.selector = selectors.DefaultSelector()
        self.ports, self.where, self.cut = {}, {}, set()
        self.delay = self.jitter = self.loss = 0.0
        self.queue, self.serial = [], 0
        self.forwarded = self.lost = 0
        for name in ports:
            port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            port.bind((name, 0))
            port.setblocking(False)
            self.ports[name] = port
            self.selector.register(port, selectors.EVENT_READ, name)
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)

    def take_frames(self, name):
        for _ in range(AT_ONCE):
            try:
                frame = self.ports[name].recv(FRAME_MAX)
            except BlockingIOError:
                return
            self.where[frame[6:12]] = name
            if name in self.cut or self.dice.random() * 100 < self.loss:
                self.lost += 1
                continue
            self.serial += 1
            due = time.monotonic() + self.delay + self.dice.random() * self.jitter
            heapq.heappush(self.queue, (due, self.serial, name, frame))

    def send_due(self):
        now = time.monotonic()
        while self.queue and self.queue[0][0] <= now:
            _, _, source, frame = heapq.heappop(self.queue)
            target = self.where.get(frame[0:6])
            for name in [target] if target else self.ports:
                if name != source and name not in self.cut:
                    self.send(name, frame)

    def send(self, name, frame):
        try:
            self.ports[name].send(frame)
            self.forwarded += 1
        except OSError:  # its queue is full, or the host is gone: a frame lost like others
            self.lost += 1

    def command(self, words):
        if words[0] == "delay":
            self.delay = float(words[1]) / 1000
            self.jitter = float(words[2]) / 1000 if len(words) > 2 else 0.0
        elif words[0] == "loss":
            self.loss = float(words[1])
        elif words[0] == "cut":
            self.cut.add(words[1])
        elif words[0] == "mend":
            self.cut.discard(words[1])
        elif words[0] != "stats":
            return "unknown"
        return f"{self.forwarded} {self.lost}"

    def run(self):
        print("ready", flush=True)
        while True:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else None
            for key, _ in self.selector.select(wait):
                if key.data is not None:
                    self.take_frames(key.data)
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                print(self.command(line.split()), flush=True)
            self.send_due()


if __name__ == "__main__":
    Switch(sys.argv[1:]).run()
