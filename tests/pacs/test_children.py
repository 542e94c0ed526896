"""Programs that a listener runs do not outlive it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from examples.pacs_peers import send_objects, settings_for, study_uid, wait_until
from examples.pacs_results import ct_slice
from remnant.pacs.queue import StudyState

SLEEPER = (
    "import os, pathlib, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()} {child.pid}')\n"
    "time.sleep(600)\n"
)


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def guarded(tmp_path, *command):
    words = [sys.executable, "-m", "remnant.pacs.guarded_child", str(tmp_path / "lock")]
    return [*words, str(tmp_path / "log"), *command]


def pids_in(file):
    wait_until(lambda: file.exists() and len(file.read_text().split()) == 2)
    return [int(word) for word in file.read_text().split()]


def test_command__and_what_it_started_end_when_the_parent_is_gone(tmp_path):
    command = guarded(tmp_path, sys.executable, "-c", SLEEPER, str(tmp_path / "pids"))
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        pids = pids_in(tmp_path / "pids")
        process.stdin.close()
        process.wait(20)
        wait_until(lambda: not any(is_there(pid) for pid in pids))


def test_command__its_exit_code_or_signal_is_told(tmp_path):
    ending = guarded(tmp_path, sys.executable, "-c", "print('said'); raise SystemExit(7)")
    with subprocess.Popen(ending, stdin=subprocess.PIPE) as process:
        assert 7 == process.wait(20)
    killed = guarded(
        tmp_path, sys.executable, "-c", f"import os; os.kill(os.getpid(), {signal.SIGKILL})"
    )
    with subprocess.Popen(killed, stdin=subprocess.PIPE) as process:
        assert 137 == process.wait(20)

    assert "said" in (tmp_path / "log").read_text()
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_listener__that_ends_gracefully_gives_its_work_back(tmp_path, listening):
    pids = tmp_path / "pids"
    command = (sys.executable, "-c", SLEEPER, str(pids))
    listener = listening(settings_for(tmp_path / "spool", commands=(command,)))
    send_objects(listener.receiver.port, [ct_slice(study_uid("a"), 1)])
    running = pids_in(pids)

    listener.worker.stop()
    wait_until(lambda: listener.queue.counts() == {StudyState.RECEIVING: 1})
    wait_until(lambda: not any(is_there(pid) for pid in running))
    assert 0 == listener.queue.lines()[0].attempts
