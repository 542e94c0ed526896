"""The line that moves, as a terminal gets it."""

import io
import os
import pty
import re
import subprocess
import sys

import pytest
from rich.console import Console

from remnant.cli import progress

COLUMNS = 80
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """A terminal that keeps what it gets."""

    def frames(self):
        """Every line that was drawn, without colours."""
        return [CONTROL.sub("", text) for text in re.split(r"\r|\n", self.getvalue()) if text]


@pytest.fixture(name="terminal")
def terminal_fixture(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    return Terminal()


def console_on(terminal, **options):
    return Console(file=terminal, force_terminal=True, width=COLUMNS, **options)


def drawn(terminal, line):
    """Draw now what is drawn five times a second."""
    line.bars.start()
    line.bars.refresh()
    return terminal.frames()[-1]


def test_line__shows_stage_steps_and_what_is_left(terminal):
    with progress.moving_line("remnant run", console_on(terminal)) as line:
        assert drawn(terminal, line).strip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").startswith("remnant run")
        line("finding the liver", 0, 40)
        line("finding the liver", 12, 40)
        shown = drawn(terminal, line)
        assert "finding the liver" in shown
        assert re.search(r"12/40  [\d.e+]+/s  0:\d\d left", shown)
        line("finding the liver", 40, 40)
        assert "remnant run" in drawn(terminal, line)
        line("planning", 0, 1)
        assert re.search(r"planning .* 0:0\d ", drawn(terminal, line) + " ")
    assert {len(frame.rstrip()) <= COLUMNS for frame in terminal.frames()} == {True}


def test_line__keeps_its_columns_and_to_one_line(terminal):
    with progress.moving_line("remnant run", console_on(terminal)) as line:
        line("a stage whose name is longer than the place that there is for it", 1, 3)
        long = drawn(terminal, line)
        line("short", 999, 1000)
        short = drawn(terminal, line)
    assert long.index("━") == short.index("━")
    assert max(len(long.rstrip()), len(short.rstrip())) <= COLUMNS


@pytest.mark.parametrize(
    "stage",
    [
        "portal venous: finding the liver",
        "comparing with what is there",
        "as-it-is: finding lesions",
    ],
)
def test_line__has_room_for_stages(terminal, stage):
    with progress.moving_line("remnant demo", console_on(terminal)) as line:
        line(stage, 0, 100)
        assert stage in drawn(terminal, line)


def test_pace__of_slow_steps_has_its_place():
    slow = progress.pace(16, 100, 16 * 22.4)
    assert slow == "16/100  22.4 s each  31:22 left"
    assert len(slow) <= progress.PACE_WIDTH


def test_line__is_gone_in_the_end(terminal):
    with progress.moving_line("remnant run", console_on(terminal)) as line:
        drawn(terminal, line)
    assert terminal.getvalue().endswith("\x1b[2K")
    assert "\x1b[?25h" in terminal.getvalue()


def test_line__obeys_no_color(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with progress.moving_line("remnant run", console_on(terminal)) as line:
        drawn(terminal, line)
    assert re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.getvalue()) is None


def test_nothing_moves__where_nobody_watches(capsys):
    with progress.watched(title="remnant run", quiet=False), progress.shown_progress() as shown:
        shown("reading", 0, 3)
    assert ("", "") == tuple(capsys.readouterr())


def test_watched__tells_who_else_listens_only_while_it_lasts():
    heard = []
    listener = progress.watched(lambda *report: heard.append(report), title="x", quiet=True)
    with listener, progress.shown_progress() as shown:
        shown("reading", 1, 3)
    with progress.shown_progress() as shown:
        shown("reading", 2, 3)
    assert [("reading", 1, 3)] == heard


def test_command__in_a_terminal_of_80_columns_moves_and_leaves_its_text(tmp_path):
    """A whole process on a pseudo-terminal: the line comes, goes, and the answer stays."""
    code = (
        "from remnant.cli import progress; progress.QUIET_SECONDS = 0.0\n"
        f"from remnant.cli.app import main; main(['inspect', {str(tmp_path)!r}])"
    )
    (tmp_path / "letter.txt").write_text("no image", encoding="utf-8")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    words = [sys.executable, "-c", code]
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as done:
        os.close(theirs)
        text = b"".join(iter(lambda: read(ours), b"")).decode()
    os.close(ours)
    assert 3 == done.returncode
    assert "remnant inspect" in text
    last = CONTROL.sub("", text[text.rindex("\x1b[2K") :]).replace("\r\n", "\n").strip()
    left_out, unusable = last.splitlines()
    assert left_out.startswith("left out: 1 file(s)")
    assert "remnant: nothing here can be used as a scan or as a map" == unusable


def read(terminal):
    """Read what there is; the end of the other side reads as an error on some systems."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
