"""scripts/profile as a whole, in a short form: test_whole.py BUILD. 77 where perf may not sample, with its reason."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "profile")
LIMIT_S = 120
SKIPPED = 77


def run(*arguments, **more):
    return subprocess.run([SCRIPT, "--build", BUILD, *arguments], capture_output=True, text=True, check=False,
                          timeout=LIMIT_S, **more)


class Whole(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.out = os.path.join(place.name, "out of it")
        self.small = ["--out", self.out, "--seconds", "1", "--symbols", "100"]

    def check_report(self, names):
        with open(os.path.join(self.out, "profile.json"), encoding="utf-8") as file:
            profiles = json.load(file)
        self.assertEqual(list(profiles), names)
        for name, profile in profiles.items():
            self.assertGreater(profile["samples"], 10)
            self.assertAlmostEqual(sum(profile["stages"].values()), 1)
            self.assertIn("broker", profile["processes"])
            self.assertIn("worker", profile["processes"])
            xml.dom.minidom.parse(os.path.join(self.out, f"flame-{name}.svg"))
        with open(os.path.join(self.out, "profile.md"), encoding="utf-8") as file:
            return file.read()

    def test_all(self):
        done = run(*self.small)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, os.path.join(self.out, "profile.md") + "\n")
        redis = not os.path.exists(os.path.join(self.out, "redis.missing"))
        text = self.check_report(["batch", "live"] + (["redis"] if redis else []))
        for heading in ("## Side by side", "## Where the time goes", "## Findings"):
            self.assertIn(heading, text)
        self.assertIn("| scan |", text)  # names were found: our own functions are seen

    def test_interrupted(self):
        """Ctrl-C ends all that it started, and leaves nothing behind."""
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        with subprocess.Popen([SCRIPT, "--build", BUILD, "--live", *self.small, "--seconds", "60"], text=True,
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
                              env={**os.environ, "TMPDIR": place.name}) as script:
            for line in script.stderr:
                if "measuring" in line:
                    break
            os.killpg(script.pid, signal.SIGINT)
            script.stderr.read()  # until the last of them has ended
            self.assertEqual(script.wait(LIMIT_S), 130)
        self.assertEqual(os.listdir(place.name), [])


class Refusals(unittest.TestCase):
    def test_usage(self):
        for wrong in (["--seconds", "0"], ["--seconds", "x"], ["--symbols", "-1"], ["--symbols"], ["--what"], ["live"]):
            done = run(*wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertTrue(done.stderr.startswith("profile: "), done.stderr)
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Example:", done.stdout)
        self.assertNotIn("set -", done.stdout)

    def test_no_perf(self):
        """Where there is none it says what to do."""
        with tempfile.TemporaryDirectory() as place:
            for name in ("bash", "env", "dirname", "mkdir", "python3"):
                found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
                os.symlink(found, os.path.join(place, name))
            done = run("--out", os.path.join(place, "out"), env={"PATH": place})
        self.assertEqual(done.returncode, SKIPPED)
        self.assertIn("apt-get install linux-perf", done.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as first_place:
        first = run("--batch", "--out", first_place, "--seconds", "1", "--symbols", "1")
    if first.returncode == SKIPPED:
        print(first.stderr.strip())
        sys.exit(SKIPPED)
    unittest.main()
