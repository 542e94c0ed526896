"""A cohort on two hosts whose link is cut once: nothing is lost, and nothing is done twice.

``python -P benchmarks/cohort_two_hosts.py [--cases 40]`` makes two network namespaces, which only
root can do, with a scheduler, a client and a worker in one and a worker in the other; they share
the file system. After a third of the cases the link is cut without a word, so that the scheduler
waits for its timeout; after a minute it is there again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from examples.cohort_faults import LOG, ROWS, TEMPLATE, began  # noqa: E402
from remnant.cohort.case_task import run_case_task  # noqa: E402
from remnant.cohort.layout import COHORT_JSON, case_folder  # noqa: E402
from remnant.cohort.outcomes import CaseTask  # noqa: E402
from remnant.cohort.table_files import read_table  # noqa: E402
from remnant.io.nifti import write_labels  # noqa: E402
from remnant.testing.phantoms import body_grid, liver_phantom  # noqa: E402

HOSTS: Final = ("remnant-a", "remnant-b")
ADDRESSES: Final = ("10.199.7.1", "10.199.7.2")
PORT: Final = 8799
CUT_S: Final = 60.0
PATIENCE_S: Final = 300.0


def ip(*words: str, host: str | None = None) -> None:
    """Run ``ip``, in the namespace of a host where one is named."""
    inside = [] if host is None else ["netns", "exec", host, "ip"]
    subprocess.run(["ip", *inside, *words], check=True, capture_output=True)


@contextmanager
def two_hosts() -> Iterator[None]:
    """Make two namespaces with a link between them for as long as the context lasts."""
    try:
        for host in HOSTS:
            ip("netns", "add", host)
            ip("link", "set", "lo", "up", host=host)
        ip("link", "add", "link-a", "netns", HOSTS[0], "type", "veth", "peer", "link-b",
           "netns", HOSTS[1])  # fmt: skip
        for host, link, address in zip(HOSTS, ("link-a", "link-b"), ADDRESSES, strict=True):
            ip("addr", "add", f"{address}/24", "dev", link, host=host)
            ip("link", "set", link, "up", host=host)
        yield
    finally:
        for host in HOSTS:
            with suppress(subprocess.CalledProcessError):
                ip("netns", "delete", host)


def prepared(folder: Path, count: int) -> Path:
    """Lay out masks, a finished case to copy, and rows; return the folder."""
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=2, seed=3)
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    paths = {role: str(folder / f"{role}.nii.gz") for role in maps}
    (folder / COHORT_JSON).write_text("{}", encoding="utf-8")
    made = case_folder(folder, "made")
    run_case_task(CaseTask(case="made", row={"case": "made", **paths}, folder=str(made)))
    shutil.copytree(made, folder / TEMPLATE, ignore=shutil.ignore_patterns("outcome.json"))
    rows = [{"case": f"slow-{number:03}", **paths} for number in range(count)]
    (folder / ROWS).write_text(json.dumps(rows), encoding="utf-8")
    (folder / LOG).touch()
    return folder


def started(host: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a Python program on a host."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])}
    environment["DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION"] = "1.0"
    environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1000"
    command = ["ip", "netns", "exec", host, sys.executable, "-P", "-m", *words]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so.

    Raises
    ------
    TimeoutError
        It takes too long.
    """
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("nothing happens")
        time.sleep(0.1)


def run(folder: Path, count: int) -> None:
    """Run the cohort, cut the link, and print what came of it."""
    cohort = folder / "cohort"
    address = f"tcp://{ADDRESSES[0]}:{PORT}"
    dask = ("--host", ADDRESSES[0], "--no-dashboard", "--port", str(PORT))
    processes = [started(HOSTS[0], "distributed.cli.dask_scheduler", *dask)]
    options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / "scratch"))
    for host, own in zip(HOSTS, ADDRESSES, strict=True):
        words = ("distributed.cli.dask_worker", address, "--host", own, *options)
        processes.append(started(host, *words))
    client = started(HOSTS[0], "examples.cohort_faults", str(folder), str(cohort), address)
    try:
        watch(client, cohort, count)
    finally:
        for process in (client, *processes[::-1]):
            process.kill()
            process.wait()
    tell(folder, cohort, count)


def watch(client: "subprocess.Popen[bytes]", cohort: Path, count: int) -> None:
    """Cut the link after a third of the cases and mend it later; wait for the end."""
    wait_for(lambda: len(list(cohort.glob("cases/*/outcome.json"))) >= count // 3)
    start = time.monotonic()
    ip("link", "set", "link-b", "down", host=HOSTS[1])
    print(f"link cut after {len(list(cohort.glob('cases/*/outcome.json')))} of {count} cases")
    mended = False
    while client.poll() is None:
        time.sleep(0.2)
        if not mended and time.monotonic() - start > CUT_S:
            ip("link", "set", "link-b", "up", host=HOSTS[1])
            mended = True
    print(f"all ended {time.monotonic() - start:.1f} s later; exit code {client.returncode}")


def tell(folder: Path, cohort: Path, count: int) -> None:
    """Print how cases ended, and how often each was begun.

    Raises
    ------
    SystemExit
        A case is lost, or was done twice.
    """
    status = Counter(read_table(cohort, "cases").column("status").to_pylist())
    times = Counter(Counter(began(folder)).values())
    print(f"rows: {dict(status)}; cases by how often they were begun: {dict(times)}")
    if status != {"done": count} or set(times) != {1}:
        raise SystemExit("something was lost, or done twice")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40)
    asked = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("ip") is None:
        print("skipped: only root, with iproute2, can make two hosts")
        return
    with tempfile.TemporaryDirectory() as scratch, two_hosts():
        run(prepared(Path(scratch), asked.cases), asked.cases)


if __name__ == "__main__":
    main()
