"""The parts of scripts/profile: that no sample is lost or counted twice, each has one stage, the picture is well
formed whatever a function is called, and the table of stages names every source file."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import flame  # noqa: E402
import stacks  # noqa: E402

HOSTILE = '<b>&"quoted"\'--></svg>'
SCRIPT = f"""
fastscanner 100/100
\t    5581 flow_pass (/opt/fastscanner)
\t    5582 live_run (/opt/fastscanner)
\t    5583 main (/opt/fastscanner)

fastscanner 100/100
\t    7f01 __memmove_avx (/usr/lib/libc.so.6)
\t    5582 wire_put.constprop.0 (/opt/fastscanner)
\t    5583 main (/opt/fastscanner)

ZMQbg/IO/0 100/101
\tffffffff81 _copy_from_iter ([kernel.kallsyms])
\t    7f02 [unknown] (/usr/lib/libzmq.so.5.2.4)

ZMQbg/IO/0 200/201
\tffffffff81 do_syscall_64 ([kernel.kallsyms])

a name of its own 200/200
\t    5584 {HOSTILE} (/opt/fastscanner-worker)
\t    5585 buffer_append (/opt/fastscanner-worker)
\t    5586 rules_feed (/opt/fastscanner-worker)

fastscanner 300/300
\t    5587 load_producer_run (/opt/fastscanner)

redis-server 400/400
\t    5588 call (/usr/bin/redis-check-rdb)

fastscanner-col 700/700
\tffffffff81 copy_page_to_iter ([kernel.kallsyms])
\tffffffff82 filemap_read ([kernel.kallsyms])
\t    7f03 read (/usr/lib/libc.so.6)

fastscanner-col 700/700
\t    5590 main (/opt/fastscanner-collector)

bash 500/500
\t    5589 main (/usr/bin/bash)

fastscanner 600/600
"""
SYMBOLS = {"fastscanner": {"flow_pass": "flow_message", "wire_put": "wire_items", "live_run": "live", "main": "main",
                           "load_producer_run": "load_producer"},
           "fastscanner-worker": {"rules_feed": "rules", "buffer_append": "memory"}}


def samples_of(text):
    files, _ = stacks.read_stages(os.path.join(HERE, "stages"))
    return stacks.read_stacks(text.splitlines(), SYMBOLS, files)


class Stages(unittest.TestCase):
    def test_every_source_file_has_one(self):
        files, _ = stacks.read_stages(os.path.join(HERE, "stages"))
        there = {os.path.basename(path)[:-2] for folder in ("common", "worker", "broker", "broker/collector")
                 for path in glob.glob(os.path.join(ROOT, folder, "*.c"))}
        self.assertEqual(set(files) - there, set())
        self.assertEqual(there - set(files), set())

    def test_a_file_is_named_once(self):
        with tempfile.NamedTemporaryFile("w", suffix="stages") as table:
            table.write("read          a b\nparse         b\n")
            table.flush()
            self.assertRaises(ValueError, stacks.read_stages, table.name)

    def test_symbols_that_several_files_have(self):
        text = "01 t turn\t/x/live.c:3\n02 T live_run\t/x/live.c:9\n03 t turn\t/x/desk.c:4\n04 D data\t/x/y.c:1\n05 T bare\n"
        self.assertEqual(stacks.parse_symbols(text), {"turn": None, "live_run": "live"})


class Samples(unittest.TestCase):
    def test_processes_and_stages(self):
        found = [(one.process, one.thread, one.stage) for one in samples_of(SCRIPT)]
        self.assertEqual(found, [("broker", "", "route"), ("broker", "", "messages"),
                                 ("broker", "ZMQbg/IO/0", "ZeroMQ"), ("worker", "ZMQbg/IO/0", "ZeroMQ"),
                                 ("worker", "", "scan"), ("producer", "", "load test"),
                                 ("redis-server", "", "Redis server"), ("collector", "", "read"),
                                 ("collector", "", "other")])

    def test_each_has_a_stage_that_the_table_knows(self):
        _, order = stacks.read_stages(os.path.join(HERE, "stages"))
        for one in samples_of(SCRIPT):
            self.assertIn(one.stage, order)

    def test_folding_keeps_all(self):
        folded = stacks.fold(samples_of(SCRIPT + SCRIPT))
        self.assertEqual(sum(folded.values()), 18)
        self.assertEqual(folded[("broker", "main", "live_run", "flow_pass")], 2)
        self.assertEqual(folded[("broker", "ZMQbg/IO/0", "[libzmq.so.5.2.4]", "_copy_from_iter")], 2)

    def test_nonsense(self):
        self.assertEqual(samples_of(""), [])
        self.assertEqual(samples_of("\n\n\tnothing\nfastscanner\n\t12 x\n"), [])


class Flame(unittest.TestCase):
    def bars(self, folded):
        document = xml.dom.minidom.parseString(flame.draw(folded, HOSTILE))
        found = []
        for group in document.getElementsByTagName("g"):
            rect = group.getElementsByTagName("rect")[0]
            title = group.getElementsByTagName("title")[0].firstChild.data
            found.append((title.rsplit(":", 1)[0], float(rect.getAttribute("x")), float(rect.getAttribute("width")),
                          int(rect.getAttribute("y"))))
        return found

    def test_bars_are_as_wide_as_their_share(self):
        bars = self.bars({("broker", "main", "a"): 30, ("broker", "main", "b"): 50, ("worker", "main"): 20})
        whole = flame.WIDTH - 2 * flame.SIDE
        self.assertEqual(sorted(round(width / whole, 2) for _, _, width, _ in bars),
                         [0.2, 0.2, 0.3, 0.5, 0.8, 0.8, 1.0])
        for name, x, width, y in bars:  # each lies on its caller, and beside the others
            below = [one for one in bars if one[3] == y + flame.ROW]
            self.assertTrue(name == "all" or any(one[1] <= x + 0.1 and x + width <= one[1] + one[2] + 0.1 for one in below))
            for other in bars:
                if other[3] == y and other[1] > x:
                    self.assertGreaterEqual(other[1], x + width - 0.11)

    def test_hostile_names(self):
        names = [name for name, *_ in self.bars(stacks.fold(samples_of(SCRIPT)))]
        self.assertIn(HOSTILE, names)

    def test_nothing(self):
        self.assertEqual(self.bars({}), [])


class Report(unittest.TestCase):
    """Of whole files: the batch and the live run, nothing through Redis."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.put("machine.json", {"date": "2026-01-02", "commit": "abc", "cpu": "a cpu", "cores": 2, "memory": "1 GiB",
                                  "kernel": "6", "hertz": 10, "seconds": 1})
        self.put("batch.json", {"symbols": 4.0, "candles": 1000.0, "hits": 3.0, "peak_mb": 9.5, "seconds": 0.5,
                                "cpu_seconds": 0.75})
        ages = {"p50": 1500, "p99": 2500}
        self.put("live.json", {"settings": {"count": 10, "rate": None}, "seconds": 2.0, "hits": {"rows": 5},
                               "candles": {"sent": 100, "committed": 4000000}, "candle_to_commit_us": ages,
                               "processes": [{"name": "broker", "memory_bytes": 1500000}]})
        for name in ("batch", "live"):
            with open(os.path.join(self.place.name, name + ".script"), "w", encoding="utf-8") as file:
                file.write(SCRIPT)
        with open(os.path.join(self.place.name, "redis.missing"), "w", encoding="utf-8") as file:
            file.write("there is none\n")

    def put(self, name, value):
        with open(os.path.join(self.place.name, name), "w", encoding="utf-8") as file:
            json.dump(value, file)

    def make(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "report.py"), self.place.name], check=False,
                              capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(done.stderr, "")
        with open(os.path.join(self.place.name, "profile.md"), encoding="utf-8") as file:
            return file.read()

    def test_shares_are_all_there_is(self):
        text = self.make()
        with open(os.path.join(self.place.name, "profile.json"), encoding="utf-8") as file:
            profiles = json.load(file)
        self.assertEqual(set(profiles), {"batch", "live"})
        for profile in profiles.values():
            self.assertEqual(profile["samples"], 9)
            self.assertAlmostEqual(sum(profile["stages"].values()), 1)
            self.assertAlmostEqual(sum(profile["processes"].values()), 1)
        self.assertIn("|  | batch | live, straight |", text)
        self.assertIn("0.00 M candles/s, 8 symbols/s", text)
        self.assertIn("2.00 M candles/s, sent to committed", text)
        self.assertIn("p50 1.5 and p99 2.5 ms", text)
        self.assertIn("batch: 1.50 of 2 cores were used.", text)
        self.assertIn("Left out: live, through Redis: there is none", text)
        for name in profiles:
            xml.dom.minidom.parse(os.path.join(self.place.name, f"flame-{name}.svg"))

    def test_tables_are_whole(self):
        cells = None
        for line in self.make().splitlines():
            if line.startswith("|"):
                self.assertTrue(cells is None or line.count("|") == cells, line)
                cells = line.count("|")
            else:
                cells = None


if __name__ == "__main__":
    unittest.main()
