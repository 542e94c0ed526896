"""Workers, clients and schedulers that die, disks that are full: nothing is lost, or done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from examples.cohort_faults import OPTIONS, ROWS, began, faulty_work
from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.layout import CASES, RUNNING
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.runner import cohort_folder, run_cohort
from remnant.cohort.table_files import read_table
from remnant.core.errors import ClusterLostError

PATIENCE_S = 60
OK = CaseStatus.DONE


def told(cohort):
    """Return status, stage and error of each case, as the table has them."""
    rows = read_table(cohort, "cases").select(["case", "status", "stage", "error"]).to_pylist()
    assert len(rows) == len({row["case"] for row in rows})
    return {row["case"]: row for row in rows}


def statuses(cohort):
    return {case: CaseStatus(row["status"]) for case, row in told(cohort).items()}


def test_faults__cost_the_case_and_no_other(place, rows_of_names, masks, outcomes):
    good = [f"ok-{number}" for number in range(8)]
    ends = {
        "endless-1": CaseStatus.TIMED_OUT,
        "kill-1": CaseStatus.KILLED,
        "once-1": OK,
        "bug-1": CaseStatus.FAILED,
        "eat-1": CaseStatus.KILLED,
        "real-corrupt": CaseStatus.REFUSED,
        "real-truncated": CaseStatus.REFUSED,
        "real-1": OK,
    }
    bad = {"corrupt": b"no image at all", "truncated": masks["liver"].read_bytes()[:-200]}
    for name, content in bad.items():
        (place / f"{name}.nii.gz").write_bytes(content)
    rows = rows_of_names(*good[:4], *[name for name in ends if name[5:] not in bad], *good[4:])
    for name in bad:
        rows += rows_of_names(f"real-{name}", liver=str(place / f"{name}.nii.gz"))
    cohort = place / "cohort"
    options = replace(OPTIONS, cluster=ClusterChoice(workers=2, memory_bytes=700_000_000))

    first = run_cohort(rows, cohort, options, work=faulty_work(place))
    times = Counter(began(place))
    second = run_cohort(rows, cohort, options, work=faulty_work(place))

    assert {**dict.fromkeys(good, OK), **ends} == statuses(cohort)
    assert Counter(statuses(cohort).values()) == first.counts == second.counts
    assert (len(rows), 0) == (first.fresh, second.fresh)
    assert {"kill-1": 2, "once-1": 2, "eat-1": 2} == {c: n for c, n in times.items() if n > 1}
    assert times == Counter(began(place))
    assert not any((cohort / RUNNING).iterdir())
    assert {name: one.status for name, one in outcomes(cohort).items()} == statuses(cohort)
    assert "no such" not in json.dumps(list(told(cohort).values()))
    assert str(place) not in json.dumps(list(told(cohort).values()))


def client(place, cohort, *more):
    """Start a client as a process of its own, in a session of its own."""
    repository = Path(__file__).parents[2]
    paths = (repository, repository / "tests" / "support", os.environ.get("PYTHONPATH", ""))
    return subprocess.Popen(
        [sys.executable, "-m", "examples.cohort_faults", str(place), str(cohort), *more],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths if str(path))},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition, process=None):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "nothing happens"
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.05)


def ended(cohort):
    return len(list(cohort.glob("cases/*/outcome.json")))


def test_client__that_is_killed_goes_on_where_it_was(place, rows_of_names, write_rows):
    # long enough that neither end comes after the last case, however busy the machine is
    names = [f"slow-{number}" for number in range(40)]
    write_rows(rows_of_names(*names), place / ROWS)
    cohort, done = place / "cohort", 0
    for how in (signal.SIGINT, signal.SIGKILL):
        process = client(place, cohort)
        wait_for(lambda: ended(cohort) >= done + 4, process)  # noqa: B023  (called at once)
        os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
        process.communicate(timeout=PATIENCE_S)
        wait_for(lambda: not workers_of(process.pid))  # noqa: B023
        done = ended(cohort)
        assert process.returncode != 0
        assert done < len(names)
    begun = len(began(place))
    again = run_cohort(rows_of_names(*names), cohort, OPTIONS, work=faulty_work(place))

    assert dict.fromkeys(names, OK) == statuses(cohort)
    # what was at work when it was killed is begun anew: no more than the two workers had each time
    assert len(names) - done == len(began(place)) - begun
    assert begun - done <= 4
    assert {OK: len(names)} == again.counts


def workers_of(session):
    """Return the processes that are left of a session."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(status.parent.name)
    return found


@pytest.fixture(name="external")
def external_fixture(tmp_path, monkeypatch):
    """A scheduler and two workers as processes of their own; yields them and the address."""
    repository = Path(__file__).parents[2]
    path = os.pathsep.join((str(repository), str(repository / "tests" / "support")))
    environment = {**os.environ, "PYTHONPATH": path, "DASK_LOGGING__DISTRIBUTED": "critical"}
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    started = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    processes = [
        subprocess.Popen([*dask, *local, "--port", "0", "--scheduler-file", str(file)], **started)
    ]
    wait_for(file.exists)
    wait_for(lambda: file.stat().st_size > 0)
    options = ["--nthreads", "1", "--death-timeout", "5", "--local-directory", str(tmp_path)]
    processes += [subprocess.Popen([*worker, *local, *options], **started) for _ in range(2)]
    yield processes, json.loads(file.read_text("utf-8"))["address"]
    for process in processes[::-1]:
        process.kill()
        process.wait()


def test_scheduler__that_is_lost_ends_the_run_with_one_line(place, rows_of_names, external):
    # long enough that neither end comes after the last case, however busy the machine is
    names = [f"slow-{number}" for number in range(40)]
    cohort = place / "cohort"
    processes, address = external
    options = replace(OPTIONS, cluster=ClusterChoice(scheduler=address))

    def kill_at_three(stage, done, total):
        del total
        if stage.startswith("cases") and done == 3:
            processes[0].kill()

    with pytest.raises(ClusterLostError, match=r"lost; \d+ case.* goes on from there"):
        run_cohort(rows_of_names(*names), cohort, options, kill_at_three, work=faulty_work(place))
    for process in processes:
        process.kill()
        process.wait()
    again = run_cohort(rows_of_names(*names), cohort, OPTIONS, work=faulty_work(place))

    assert {OK: len(names)} == again.counts
    assert dict.fromkeys(names, OK) == statuses(cohort)
    assert max(Counter(began(place)).values()) <= 2
    assert len(began(place)) <= len(names) + 2


@pytest.fixture(name="small_disk")
def small_disk_fixture(tmp_path):
    """A cohort whose cases lie on a disk of a few megabytes; only root may make one."""
    cohort = tmp_path / "cohort"
    with cohort_folder(cohort, OPTIONS):
        (cohort / CASES).mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(cohort / CASES)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    yield cohort
    subprocess.run(["umount", "--lazy", str(cohort / CASES)], check=True)


def test_full_disk__costs_what_does_not_fit_and_is_made_good_later(
    place, rows_of_names, small_disk, made
):
    size = sum(path.stat().st_size for path in made.iterdir())
    names = [f"real-{number}" for number in range(4)]
    filler = small_disk / CASES / "filler"
    filler.write_bytes(bytes(3 * (1 << 20) - 5 * size // 2))

    first = run_cohort(rows_of_names(*names), small_disk, OPTIONS, work=faulty_work(place))
    before = statuses(small_disk)
    filler.unlink()
    second = run_cohort(rows_of_names(*names), small_disk, OPTIONS, work=faulty_work(place))

    assert first.counts[CaseStatus.FAILED] >= 1
    assert first.counts[OK] >= 1
    assert "No space left" in first.troubles[0].error
    assert Counter(before.values()) == first.counts
    assert {OK: len(names)} == second.counts
    assert dict.fromkeys(names, OK) == statuses(small_disk)
    assert second.fresh == first.counts[CaseStatus.FAILED]
