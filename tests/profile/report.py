"""Writes the report of scripts/profile: profile.md, profile.json, and a flame graph for each run.

    report.py DIR PROGRAM...

    DIR/machine.json               the machine, as scripts/bench describes it
    DIR/batch.json                 the batch, not profiled: a sample of bench_run
    DIR/live.json, redis.json      `fastscanner load --json`, straight and through Redis, not profiled
    DIR/latency.json               the same at a rate that leaves it time
    DIR/{batch,live,redis}.script  `perf script` of the same runs
    DIR/redis.missing              why there is none through Redis

What is not there is left out, and said. PROGRAM: the programs, for who is in which file.
"""
import collections
import json
import os
import sys

import flame
import stacks

TITLES = {"batch": "batch", "live": "live, straight", "redis": "live, through Redis"}
PYTHON_SYMBOLS, PYTHON_EVENTS = 6.25, 45  # a second: the Python system's own profile
CROWDED = 0.85  # of a core: a process that is this busy holds the others up
CROSSING = ("messages", "ZeroMQ")


def load(directory, name):
    path = os.path.join(directory, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def shares(samples, key):
    """[(key, share)], the largest first."""
    counts = collections.Counter(key(sample) for sample in samples)
    total = sum(counts.values())
    return [(name, count / total) for name, count in counts.most_common()]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def percent(share):
    return f"{100 * share:.1f} %"


def rate_of(load_json):
    return load_json["candles"]["committed"] / load_json["seconds"]


def busy_of(samples, machine):
    """[(process, share of a core)] of a live run, the busiest first: by its samples, the Redis server's too."""
    counts = collections.Counter((sample.process, sample.pid) for sample in samples)
    whole = machine["hertz"] * machine["seconds"]
    return [(process, count / whole) for (process, _), count in counts.most_common()]


def memory_of(load_json):
    return ", ".join(f"{one['name']} {one['memory_bytes'] / 1e6:.1f}" for one in load_json["processes"])


# ---- side by side


def batch_column(batch):
    return {
        "model": f"files, in units that idle workers ask for; {batch['symbols']:,.0f} symbols, "
                 f"{batch['candles']:,.0f} candles, {batch['hits']:,.0f} hits",
        "source": "CSV files of the sample market, in the page cache",
        "memory pattern": f"a few units at a time, whatever the market's size; largest process {batch['peak_mb']:.1f} MB",
        "throughput": f"{batch['candles'] / batch['seconds'] / 1e6:.2f} M candles/s, {batch['symbols'] / batch['seconds']:,.0f} symbols/s",
        "the Python system's own profile": f"{PYTHON_SYMBOLS} symbols/s, of another job",
        "latency": f"{batch['seconds']:.3f} s in all",
    }


def live_column(of, source, latency):
    ages = of["candle_to_commit_us"]
    at_rate = ""
    if latency:
        slow = latency["candle_to_commit_us"]
        at_rate = (f"; at {latency['settings']['rate']:,} candles/s "
                   f"{slow['p50'] / 1000:.2f} and {slow['p99'] / 1000:.2f}")
    return {
        "model": f"a stream, pushed within windows; {of['settings']['count']:,} symbols, {of['candles']['sent']:,} candles, "
                 f"{of['hits']['rows']:,} hits",
        "source": source,
        "memory pattern": f"a state of each symbol, and windows of what is under way; MB: {memory_of(of)}",
        "throughput": f"{rate_of(of) / 1e6:.2f} M candles/s, sent to committed",
        "the Python system's own profile": f"about {PYTHON_EVENTS} events/s, of another job",
        "latency": f"candle to commit p50 {ages['p50'] / 1000:.1f} and p99 {ages['p99'] / 1000:.1f} ms as fast as it goes{at_rate}",
    }


def columns_of(runs, latency):
    columns = {}
    if "batch" in runs:
        columns["batch"] = batch_column(runs["batch"])
    if "live" in runs:
        columns["live"] = live_column(runs["live"], "the load test's market, straight into the broker", latency)
    if "redis" in runs:
        columns["redis"] = live_column(runs["redis"], "the same through shared Redis streams", None)
    return columns


def side_by_side(columns):
    names = list(columns)
    return table([""] + [TITLES[name] for name in names],
                 [[row] + [columns[name][row] for name in names] for row in columns[names[0]]])


# ---- where the time goes


def stage_rows(profiles, order):
    found = {name: dict(shares(samples, lambda sample: sample.stage)) for name, samples in profiles.items()}
    return [[stage] + [percent(found[name].get(stage, 0)) for name in profiles]
            for stage in order if any(stage in found[name] for name in profiles)]


def process_rows(profiles):
    rows = []
    for name, samples in profiles.items():
        for process, share in shares(samples, lambda sample: sample.process):
            stages = shares([one for one in samples if one.process == process], lambda sample: sample.stage)
            rows.append([TITLES[name], process, percent(share),
                         ", ".join(f"{stage} {percent(part)}" for stage, part in stages[:4])])
    return rows


# ---- findings: of the figures alone


def largest_stage(name, samples):
    (first, share), *rest = shares(samples, lambda sample: sample.stage)
    text = f"{TITLES[name]}: {first} takes most of the CPU time, {percent(share)}"
    if rest:
        text += f", then {rest[0][0]}, {percent(rest[0][1])}"
    return text + f". Were it free, the same cores would do {1 / (1 - share):.2f} times as much." if share < 1 else text + "."


def crossing(name, samples):
    share = sum(part for stage, part in shares(samples, lambda sample: sample.stage) if stage in CROSSING)
    return f"{TITLES[name]}: what goes from process to process costs {percent(share)} (messages and ZeroMQ)."


def busiest(name, samples, machine):
    busy = busy_of(samples, machine)
    (process, most), total, cores = busy[0], sum(part for _, part in busy), machine["cores"]
    text = (f"{TITLES[name]}: the busiest process is {'a' if process == 'worker' else 'the'} {process}, {percent(most)} "
            f"of a core; all together use {total:.2f} of {cores} cores")
    if most >= CROWDED:
        return text + ". It holds up the rest: more cores help only where its work is split."
    if total >= CROWDED * cores:
        return text + ". The cores are full: one more would be used."
    return text + ". Nothing is full: each waits for another."


def findings(runs, profiles, machine):
    found = []
    for name, samples in profiles.items():
        found += [largest_stage(name, samples), crossing(name, samples)]
    found += [busiest(name, profiles[name], machine) for name in ("live", "redis") if name in runs]
    if "live" in runs and "redis" in runs:
        found.append(f"Through Redis it does {rate_of (runs['redis']) / rate_of (runs['live']):.2f} of what it does straight.")
    if "batch" in runs:
        found.append(f"batch: {runs['batch']['cpu_seconds'] / runs['batch']['seconds']:.2f} of {machine['cores']} cores were used.")
    return [f"- {text}" for text in found]


# ---- the report


def write_report(directory, runs, profiles, order, machine, latency, missing):
    lines = ["# Profile", "",
             f"{machine['date']}, commit {machine['commit']}, {machine['cpu']}, {machine['cores']} cores, "
             f"{machine['memory']} of memory, Linux {machine['kernel']}. Throughput, latency and memory are of runs "
             "without a profiler; shares are of CPU time, sampled.", "",
             "## Side by side", ""]
    lines += side_by_side(columns_of(runs, latency))
    lines += ["## Where the time goes", ""]
    lines += table(["stage"] + [TITLES[name] for name in profiles], stage_rows(profiles, order))
    lines += table(["run", "process", "of all", "in it"], process_rows(profiles))
    lines += [f"- {TITLES[name]}: [flame-{name}.svg](flame-{name}.svg), {len (samples):,} samples"
              for name, samples in profiles.items()]
    lines += ["", "## Findings", ""] + findings(runs, profiles, machine)
    lines += [f"- Left out: {TITLES['redis']}: {missing}"] if missing else []
    with open(os.path.join(directory, "profile.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def read_profiles(directory, names, programs):
    files, order = stacks.read_stages(os.path.join(os.path.dirname(os.path.abspath(__file__)), "stages"))
    symbols = stacks.read_symbols(programs)
    profiles = {}
    for name in names:
        with open(os.path.join(directory, name + ".script"), encoding="utf-8", errors="replace") as script:
            profiles[name] = stacks.read_stacks(script, symbols, files)
        if not profiles[name]:
            raise SystemExit(f"profile: no sample of {TITLES[name]}: it was too short, or perf could not follow it")
    return profiles, order


def main(directory, programs):
    runs = {name: run for name in TITLES if (run := load(directory, name + ".json"))}
    profiles, order = read_profiles(directory, runs, programs)
    for name, samples in profiles.items():
        with open(os.path.join(directory, f"flame-{name}.svg"), "w", encoding="utf-8") as file:
            file.write(flame.draw(stacks.fold(samples), f"fastscanner, {TITLES[name]}: CPU time"))
    with open(os.path.join(directory, "profile.json"), "w", encoding="utf-8") as file:
        json.dump({name: {"samples": len(samples), "stages": dict(shares(samples, lambda sample: sample.stage)),
                          "processes": dict(shares(samples, lambda sample: sample.process))}
                   for name, samples in profiles.items()}, file, indent=1)
    missing = os.path.join(directory, "redis.missing")
    reason = open(missing, encoding="utf-8").read().strip() if os.path.exists(missing) else ""
    write_report(directory, runs, profiles, order, load(directory, "machine.json"), load(directory, "latency.json"), reason)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
