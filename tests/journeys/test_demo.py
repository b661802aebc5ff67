"""`swx demo` as a newcomer runs it: three journeys over HTTP, lines for the shell that work, a clean end."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.cli.command import run_swx

SWX = Path(sys.executable).with_name("swx")
PATIENCE_SECONDS = 120
ROLES = ("producer", "recycler", "government", "operator")


class Demo:
    """A demo that serves, with what it has printed so far."""

    def __init__(self, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
        environment |= {"SWX_DATA_DIR": str(folder), "SWX_DATABASE_URL": "postgresql+psycopg://not.asked/x"}
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [SWX, "demo", "--port", "0", "--months", "2"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Serving until" in line:
                return
        raise AssertionError("\n".join(self.lines))

    @property
    def text(self) -> str:
        """What was printed, in one line."""
        return " ".join(self.lines)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the demo's data."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    """Return a running demo; it must end with exit code 0."""
    running = Demo(folder)
    yield running
    assert running.stop() == 0


def test_the_journeys_are_shown(demo: Demo) -> None:
    for words in ("A producer posts a lot", "Phosphogypsum 磷石膏", "Delivered", "Verdict", "pass", "marks 70 %"):
        assert words in demo.text
    total = next(line for line in demo.lines if "All bulk streams" in line)
    rate = float(total.split("│")[4])
    assert 60 < rate < 85


def test_there_is_a_key_for_each_role(demo: Demo) -> None:
    address = next(line for line in demo.lines if line.startswith("Serving http")).split()[1]
    keys = {line.split()[0]: line.split()[1] for line in demo.lines if line.strip().startswith(ROLES)}
    assert set(keys) == set(ROLES)
    with httpx2.Client(base_url=address, trust_env=False) as client:
        assert client.get("/docs").status_code == 200
        for role, key in keys.items():
            me = client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
            assert me["roles"] == [role]


def test_the_curl_lines_work_as_printed(demo: Demo) -> None:
    lines = [line for line in demo.lines if line.startswith("curl ")]
    answers = ['"items":[{'] * 3 + ['"status":"queued"', '"items":[{']
    for line, answer in zip(lines, answers, strict=True):
        assert answer in _run(line), line


def test_the_ledger_of_the_demo_is_sound_and_a_second_demo_is_refused(demo: Demo, folder: Path) -> None:
    assert demo.process.poll() is None
    result = run_swx("verify-ledger", folder=folder / "demo")
    assert (result.exit_code, "The ledger is sound" in result.stdout) == (0, True), result.output
    second = subprocess.run(  # noqa: S603 - our own program
        [SWX, "demo", "--once", "--port", "0"],
        env=os.environ | {"SWX_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (second.returncode, "Another server runs" in second.stderr) == (1, True), second.stderr


def _run(line: str) -> str:
    """Run a printed line with curl, or do the same where there is none."""
    words = shlex.split(line)
    if shutil.which("curl"):
        done = subprocess.run([*words, "--noproxy", "*"], capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout
    name, _, value = words[words.index("-H") + 1].partition(": ")
    headers = {name: value}
    if "-d" in words:
        body = json.loads(words[words.index("-d") + 1])
        return httpx2.post(words[-1], headers=headers, json=body, trust_env=False).text
    return httpx2.get(words[-1], headers=headers, trust_env=False).text
