"""Hosts as network namespaces: each has an address of its own, and a link to a switch (switch.py)."""
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM, ETHTOOL_SGSO, ETHTOOL_STSO = 0x17, 0x24, 0x1F
CLONE_NEWNET = 0x40000000


def missing():
    """Why there can be no such network here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "the command ip is not installed (iproute2)"
    name = f"fastscanner-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespace can be made: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def enter(namespace):
    """For a child before exec: into the namespace, in a session of its own."""
    libc = ctypes.CDLL(None, use_errno=True)

    def inside():
        handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        if libc.setns(handle, CLONE_NEWNET) != 0:
            os._exit(126)
        os.close(handle)
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives the test

    return inside


class Network:
    """with Network({"broker": "10.99.0.1", ...}) as network: network.start("broker", [...])"""

    def __init__(self, hosts):
        self.hosts, self.processes, self.switch = hosts, [], None
        self.prefix = f"fastscanner-{os.getpid()}"

    def namespace(self, host):
        return f"{self.prefix}-{host}"

    def __enter__(self):
        ip("netns", "add", self.namespace("switch"))
        try:
            for number, (host, address) in enumerate(self.hosts.items()):
                self.add(number, host, address)
            self.switch = subprocess.Popen(
                [sys.executable, os.path.join(HERE, "switch.py"), *self.hosts],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                preexec_fn=enter(self.namespace("switch")))
            assert self.switch.stdout.readline() == "ready\n"
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def add(self, number, host, address):
        space, near, far = self.namespace(host), f"fs{os.getpid()}h{number}"[:15], host
        ip("netns", "add", space)
        ip("link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", "dev", near, "netns", self.namespace("switch"), "name", far)
        ip("-n", self.namespace("switch"), "link", "set", "dev", far, "up")
        ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "dev", "lo", "up")
        ip("-n", space, "link", "set", "dev", "eth0", "up")
        # What leaves must have its checksum and its size: the switch only passes it on.
        off = subprocess.run([sys.executable, os.path.join(HERE, "hosts.py"), "plain", "eth0"],
                             preexec_fn=enter(space))
        assert off.returncode == 0

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.switch:
            self.switch.stdin.close()
            self.switch.wait()
            self.switch.stdout.close()
        for host in [*self.hosts, "switch"]:
            subprocess.run(["ip", "netns", "del", self.namespace(host)], capture_output=True)

    def tell(self, *words):
        self.switch.stdin.write(" ".join(map(str, words)) + "\n")
        self.switch.stdin.flush()
        return self.switch.stdout.readline().strip()

    def cut(self, host, seconds):
        """Nothing comes through its link for so long."""
        self.tell("cut", host)
        time.sleep(seconds)  # the cut itself, not a wait for something
        self.tell("mend", host)

    def start(self, host, command, log):
        with open(log, "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       preexec_fn=enter(self.namespace(host)))
        self.processes.append(process)
        return process


def make_plain(interface):
    """No checksum or segmentation is left to a device that is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for command in (ETHTOOL_STXCSUM, ETHTOOL_SGSO, ETHTOOL_STSO):
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(handle, SIOCETHTOOL, request)


if __name__ == "__main__" and sys.argv[1:2] == ["plain"]:
    make_plain(sys.argv[2])
