"""The cluster that a cohort runs on: one of this machine, or one that is there already."""

import logging
import os
import re
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, Final

from remnant.core.errors import ClusterLostError, InputError

if TYPE_CHECKING:
    from distributed import Client

GIGABYTE: Final = 10**9
SEGMENTING_BYTES: Final = 3 * GIGABYTE
MEASURING_BYTES: Final = 1 * GIGABYTE
LEAST_BYTES: Final = 500 * 10**6
"""What a worker needs that runs networks, one that measures masks, and one that does nothing."""
LEFT_TO_OTHERS: Final = 0.1
"""Share of the machine's memory that no worker gets."""
LOOPBACK: Final = "127.0.0.1"
DASHBOARD_PORT: Final = 8787
CONNECT_S: Final = 20
START_S: Final = 180
CLOSE_S: Final = 3
ADDRESS: Final = re.compile(r"(?:(?:tcp|tls|wss?|ucxx?)://)?[\w.\-\[\]:]+:\d{1,5}", re.ASCII)
GPU: Final = "GPU"
THREADS: Final = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)  # fmt: skip
SETTINGS: Final = {
    # nobody reads the profile of a worker, which is sampled every 10 ms, nor how late its loop is
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # a worker gets its next case when it has none: what waits behind a long one waits in vain
    "distributed.scheduler.worker-saturation": 1.0,
    # deaths are counted by case, see `remnant.cohort.attempts`; the scheduler would blame others
    "distributed.scheduler.allowed-failures": 1000,
    # a case is not moved from one worker to another
    "distributed.scheduler.work-stealing": False,
    # results are small, and nothing is kept: what fills the memory is the case itself
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # a stage may hold the interpreter for minutes
    "distributed.scheduler.worker-ttl": "30 minutes",
    "distributed.admin.tick.limit": "1 hour",
    # nobody is asked for anything over the network
    "distributed.diagnostics.nvml": False,
    # all of it: Dask would also have workers give memory back at once, and ask for it again
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(THREADS, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChoice:
    """Which cluster is used.

    Parameters
    ----------
    workers
        Worker processes on this machine; ``None`` for as many as cores and memory allow.
    memory_bytes
        Memory of each, after which it is ended; ``None`` for an equal share.
    scheduler
        Address of a scheduler that is there already; ``None`` for a cluster of this machine.
    gpu
        Whether cases need a GPU: then there is one worker, unless ``workers`` says otherwise, and
        of a cluster that is there only workers with the resource ``GPU`` get cases.
    cases
        How many cases there are: more workers are of no use; ``None`` where it is not known.

    Raises
    ------
    InputError
        There would be less than one worker, or one with too little memory, or the address is none.
    """

    workers: int | None = None
    memory_bytes: int | None = None
    scheduler: str | None = None
    gpu: bool = False
    cases: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers got {self.workers}; allowed is 1 or more")
        if self.memory_bytes is not None and self.memory_bytes < LEAST_BYTES:
            raise InputError(
                f"--memory-per-worker got {self.memory_bytes / GIGABYTE:g} GB; allowed is "
                f"{LEAST_BYTES / GIGABYTE:g} GB or more"
            )
        if self.scheduler is not None and not ADDRESS.fullmatch(self.scheduler):
            raise InputError(
                f"--scheduler got {self.scheduler[:80]!r}; allowed are addresses such as "
                f"tcp://10.0.0.1:8786"
            )


LOCAL: Final = ClusterChoice()


@dataclass(frozen=True, slots=True)
class Size:
    """How many workers, and the memory of each in bytes."""

    workers: int
    memory_bytes: int


def size_of(choice: ClusterChoice, *, segmenting: bool, cores: int, memory_bytes: int) -> Size:
    """Return how many workers a machine takes, and the memory of each.

    Parameters
    ----------
    choice
        What the user says of it.
    segmenting
        Whether the workers run networks.
    cores, memory_bytes
        What the machine has.

    Raises
    ------
    InputError
        The choice asks for more memory than there is.

    Examples
    --------
    >>> size_of(LOCAL, segmenting=True, cores=8, memory_bytes=16 * GIGABYTE)
    Size(workers=4, memory_bytes=3600000000)
    >>> size_of(LOCAL, segmenting=False, cores=8, memory_bytes=16 * GIGABYTE).workers
    8
    """
    ours = int(memory_bytes * (1 - LEFT_TO_OTHERS))
    if choice.memory_bytes is not None and choice.memory_bytes > memory_bytes:
        raise InputError(
            f"--memory-per-worker got {choice.memory_bytes / GIGABYTE:g} GB; this machine has "
            f"{memory_bytes / GIGABYTE:.1f} GB"
        )
    each = choice.memory_bytes or (SEGMENTING_BYTES if segmenting else MEASURING_BYTES)
    workers = choice.workers or (1 if choice.gpu else max(1, min(cores, ours // each)))
    workers = workers if choice.cases is None else min(workers, choice.cases)
    return Size(workers, choice.memory_bytes or ours // workers)


@contextmanager
def opened(choice: ClusterChoice, *, segmenting: bool) -> "Iterator[Client]":
    """Give a client of the cluster for as long as the context lasts.

    A cluster of this machine listens on its loopback address alone, and ends with the context.

    Raises
    ------
    ClusterLostError
        The scheduler cannot be reached.
    InputError
        See `size_of`.
    """
    import dask

    # whoever sets what it has not loaded yet, takes all of its settings away again
    import distributed  # noqa: F401

    with dask.config.set(SETTINGS), _silent():
        if choice.scheduler is not None:
            with _connected(choice.scheduler) as client:
                yield client
            return
        with _local(choice, segmenting=segmenting) as client:
            yield client


@contextmanager
def _local(choice: ClusterChoice, *, segmenting: bool) -> "Iterator[Client]":
    from distributed import Client, LocalCluster
    from distributed.system import MEMORY_LIMIT

    size = size_of(choice, segmenting=segmenting, cores=_cores(), memory_bytes=int(MEMORY_LIMIT))
    with _interrupts_held(), warnings.catch_warnings():
        # another may have taken the port meanwhile: then it is any other
        warnings.filterwarnings("ignore", message="Port .* is already in use")
        cluster = LocalCluster(
            n_workers=0,  # they are started below, where an interruption ends them
            threads_per_worker=1,
            processes=True,
            memory_limit=size.memory_bytes,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:{_free_port()}",
            silence_logs=logging.CRITICAL,
            resources={GPU: 1},
        )
        client = Client(cluster, set_as_default=False)
    try:
        cluster.scale(size.workers)
        _wait_for_workers(client, size.workers)
        yield client
    finally:
        _end(client, cluster)


def _wait_for_workers(client: "Client", workers: int) -> None:
    try:
        client.wait_for_workers(workers, timeout=START_S)
    except TimeoutError as fault:
        raise ClusterLostError(
            f"{workers} worker(s) have not started within {START_S} s; try fewer (--workers)"
        ) from fault


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let threads, and the processes that they start, begin deaf to the keyboard's interrupt.

    A terminal sends it to workers too. This thread hears it, at the latest after the context, and
    ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # whoever starts it, hears interrupts from then on
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(client: "Client", cluster: Any) -> None:  # noqa: ANN401  (a package without types)
    """End worker processes at once, and then the rest: what they are at begins another time."""
    for nanny in tuple(cluster.workers.values()):
        # the nanny's own way to kill needs an event loop in this thread, which has none any more
        # where the caller ran one before
        with suppress(AttributeError, OSError, ValueError, TypeError):
            nanny.auto_restart = False
            os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    for close in (client.close, cluster.close):
        with suppress(Exception):  # of what was only starting, closing fails in many ways
            close(timeout=CLOSE_S)


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as fault:
        raise ClusterLostError(
            f"no scheduler answers at {address}; start one (dask scheduler), or leave --scheduler "
            f"out to run on this machine"
        ) from fault
    try:
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=CLOSE_S)


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def _free_port() -> int:
    """Return the usual port of the dashboard; 0, any port, where it is taken."""
    import socket

    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, DASHBOARD_PORT))
        except OSError:
            return 0
    return DASHBOARD_PORT


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the notices of the cluster to itself: what happened to a case is told as its row."""
    names = ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.client",
             "distributed.core", "distributed.comm", "distributed.worker")  # fmt: skip
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
