"""Stacks of a profile: what `perf script` says, as samples of processes with a stage each.

    perf script --> read_stacks --> [Sample (process, frames, stage)]
                        ^
    nm (who is in which file), the table of stages

A frame is (function, dso), innermost first. Only the standard library.
"""
import collections
import os
import re
import subprocess

HEADER = re.compile(r"^(\S.*?)\s+(\d+)/(\d+)\s*:?\s*$")
FRAME = re.compile(r"^\s+[0-9a-f]+\s+(.*\S)\s+\((.*)\)$")
PROGRAMS = {"fastscanner": "broker", "fastscanner-worker": "worker",
            "fastscanner-collector": "collector", "redis-server": "redis-server",
            "redis-check-rdb": "redis-server"}  # what Debian's redis-server is a link to
LIBRARIES = [("libzmq", "ZeroMQ"), ("redis-", "Redis server")]
ZEROMQ_THREAD = "ZMQ"
# Of stacks that end where the kernel was called: what it did.
KERNEL = [("read", {"filemap_read", "do_filp_open", "vfs_statx", "iterate_dir"}),
          ("ZeroMQ", {"eventfd_write", "eventfd_read", "unix_stream_sendmsg", "unix_stream_recvmsg", "do_sys_poll"})]
OTHER = "other"

Sample = collections.namedtuple("Sample", "process pid thread frames stage")


def read_stages(path):
    """The table: {file: stage}; the order of its stages."""
    files, order = {}, []
    with open(path, encoding="utf-8") as table:
        for line in table:
            if line.startswith("#") or not line.strip():
                continue
            stage, names = line[:14].strip(), line[14:].split()
            if stage not in order and stage != "-":
                order.append(stage)
            for name in names:
                if name in files:
                    raise ValueError(f"{path}: {name} is named twice")
                files[name] = stage
    return files, order + [name for _, name in LIBRARIES] + [OTHER]


def parse_symbols(text):
    """{function: file} of what `nm -l` says; a name that several files have is of none."""
    files = {}
    for line in text.splitlines():
        parts = line.split("\t")
        words = parts[0].split()
        if len(parts) == 2 and len(words) == 3 and words[1] in "tT":
            file = os.path.basename(parts[1].rsplit(":", 1)[0]).removesuffix(".c")
            name = words[2].split(".")[0]
            files[name] = file if files.get(name, file) == file else None
    return files


def read_symbols(programs):
    """{dso's base name: {function: file}} of our programs."""
    known = {}
    for path in programs:
        done = subprocess.run(["nm", "-l", "--defined-only", path], capture_output=True, text=True, check=True)
        known[os.path.basename(path)] = parse_symbols(done.stdout)
    return known


def stage_of(frames, thread, symbols, stages):
    """Of the innermost frame that has one; ZeroMQ's own threads, whose stacks may end in the kernel, are its."""
    for function, dso in frames:
        file = symbols.get(dso, {}).get(function.split(".")[0])
        if file in stages and stages[file] != "-":
            return stages[file]
    for prefix, name in LIBRARIES:
        if any(dso.startswith(prefix) for _, dso in frames):
            return name
    if thread.startswith(ZEROMQ_THREAD):
        return "ZeroMQ"
    for name, functions in KERNEL:
        if any(function in functions for function, _ in frames):
            return name
    return OTHER


def parse_script(lines):
    """(comm, pid, tid, frames) of each sample."""
    head, frames = None, []
    for line in lines:
        header = HEADER.match(line)
        frame = FRAME.match(line)
        if header:
            head, frames = header, []
        elif frame and head:
            dso = "kernel" if frame[2].startswith("[") else os.path.basename(frame[2])
            frames.append((f"[{dso}]" if frame[1] == "[unknown]" else frame[1], dso))
        elif not line.strip() and head:
            if frames:
                yield head[1], int(head[2]), int(head[3]), frames
            head = None
    if head and frames:
        yield head[1], int(head[2]), int(head[3]), frames


def name_processes(raw):
    """{pid: name}, by the program that its samples lie in most; others are not ours."""
    seen, producers = collections.defaultdict(collections.Counter), set()
    for _, pid, _, frames in raw:
        for function, dso in frames:
            if dso in PROGRAMS:
                seen[pid][dso] += 1
            if function.startswith("load_producer"):
                producers.add(pid)
    names = {pid: PROGRAMS[dsos.most_common(1)[0][0]] for pid, dsos in seen.items()}
    return {pid: "producer" if pid in producers else name for pid, name in names.items()}


def read_stacks(lines, symbols, stages):
    raw = list(parse_script(lines))
    names = name_processes(raw)
    return [Sample(names[pid], pid, comm if pid != tid else "", frames, stage_of(frames, comm, symbols, stages))
            for comm, pid, tid, frames in raw if pid in names]


def fold(samples):
    """{(process, [thread,] outermost ... innermost function): samples}."""
    folded = collections.Counter()
    for sample in samples:
        path = [sample.process] + ([sample.thread] if sample.thread else [])
        folded[tuple(path + [function for function, _ in reversed(sample.frames)])] += 1
    return folded
