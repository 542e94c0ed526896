"""Who is at a case, and for how long."""

import os
import subprocess
import sys
import threading
import time

import pytest

from remnant.cohort.attempts import (
    TIMED_OUT_EXIT,
    Ending,
    Marker,
    StageClock,
    held_case,
    next_marker,
    running_file,
    timed,
)
from remnant.cohort.outcomes import CaseTask
from remnant.pipeline.timing import Stopwatch


@pytest.fixture(name="task")
def task_fixture(tmp_path):
    return CaseTask(case="a", row={}, folder=str(tmp_path / "cases" / "a"), run="r")


def test_marker__outlives_a_worker_and_is_gone_with_the_case(task):
    with held_case(task) as held:
        assert held.left() is None
        held.mark(Marker(glance="g" * 200, run="r", begun=3, stage="plan"))
        held.mark(Marker(glance="g", run="r", begun=2))
    with held_case(task) as held:
        assert Marker(glance="g", run="r", begun=2) == held.left()
        held.remove()

    assert not running_file(task).exists()


def test_marker__that_is_damaged_is_none(task):
    running_file(task).parent.mkdir()
    running_file(task).write_text("{\n", encoding="utf-8")
    with held_case(task) as held:
        assert held.left() is None


def test_next_marker__counts_attempts_at_the_same_case(task):
    first = next_marker(None, task, "g")
    second = next_marker(first, task, "g")

    assert (1, 1) == (first.begun, first.begun_in_run)
    assert (2, 2) == (second.begun, second.begun_in_run)
    assert Marker(glance="h", run="r") == next_marker(second, task, "h")


def test_case__is_held_by_one_at_a_time(task):
    order = []

    def wait():
        with held_case(task):
            order.append("second")

    with held_case(task) as held:
        other = threading.Thread(target=wait)
        other.start()
        time.sleep(0.2)
        order.append("first")
        held.remove()  # the other must not go on with a file that is gone
    other.join(5)

    assert ["first", "second"] == order


def test_clock__adds_up_the_seconds_of_each_stage():
    heard = []
    clock = StageClock(heard.append)
    with timed(clock, None, lambda _: None):
        for stage in ("measure", "plan", "measure"):
            with Stopwatch().measure(stage):
                time.sleep(0.02)
    with Stopwatch().measure("segment"):  # no case is timed any more
        pass

    assert ["measure", "plan", "measure"] == heard
    assert ["read", "measure", "plan"] == list(clock.seconds)
    assert clock.seconds["measure"] > clock.seconds["plan"] >= 0.02


def test_ending__is_first_once():
    ending = Ending()

    assert [True, False, False] == [ending.first() for _ in range(3)]


ENDLESS = """
import sys, time
from remnant.cohort.attempts import StageClock, timed

def told(clock):
    print(clock.stage, flush=True)

clock = StageClock()
with timed(clock, 0.2, told):
    clock("plan")
    time.sleep(float(sys.argv[1]))
print("ended in time")
"""


@pytest.mark.parametrize(
    ("seconds", "code", "said"), [("60", TIMED_OUT_EXIT, "plan\n"), ("0", 0, "ended in time\n")]
)
def test_time_limit__ends_the_process_of_a_case_that_takes_longer(repository, seconds, code, said):
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS, seconds],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (code, said) == (done.returncode, done.stdout), done.stderr


DEAF = """
import re
from remnant.cohort import attempts

attempts.GRACE_S = 0.3
with attempts.timed(attempts.StageClock(), 0.2, lambda clock: print("told", flush=True)):
    re.match("(a+)+$", "a" * 60 + "b")  # in C, and holds the interpreter for years
"""


def test_time_limit__ends_what_lets_nothing_else_run(repository):
    done = subprocess.run(
        [sys.executable, "-c", DEAF],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert 1 == done.returncode
    assert "told" not in done.stdout
