"""Kill a listener at random moments while it receives, works and sends; count what arrives.

``python benchmarks/pacs_kill.py [--kills 20] [--studies 30] [--seed 1]`` prints what was lost
and what twice. The pipeline is a stand-in; receiver, queue, workers and outbox are the real ones.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
os.environ.setdefault("REMNANT_PSEUDONYM_KEY", "00" * 32)

from examples.pacs_peers import (  # noqa: E402
    CountingPacs,
    ListenerProcess,
    send_objects,
    study_uid,
    wait_until,
)
from examples.pacs_results import RESULTS, ct_slice  # noqa: E402

LONGEST_S = 4.0


def measure(kills: int, studies: int, seed: int) -> dict[str, object]:
    """Return what became of the studies."""
    chance = random.Random(seed)  # noqa: S311  (moments, not secrets)
    left = [ct_slice(study_uid(f"{s}"), n) for s in range(studies) for n in (1, 2)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, CountingPacs() as pacs:
        spool = Path(folder) / "spool"
        for number in range(kills + 1):
            listener = ListenerProcess(spool, target=pacs.peer)
            listener.is_listening.wait(60)
            if number == kills:
                send_rest(listener, left)
                wait_until(lambda: len(pacs.stored) >= studies * RESULTS, seconds=300)
                time.sleep(2)
                listener.terminate()
                break
            end = time.monotonic() + chance.uniform(0, LONGEST_S)
            while left and time.monotonic() < end:
                left = sent(listener, left, some=chance.randint(1, 4))
            time.sleep(max(0.0, end - time.monotonic()))
            listener.kill()
        return {
            "kills": kills,
            "studies": studies,
            "results_expected": studies * RESULTS,
            "results_arrived": len(pacs.stored),
            "results_sent_twice": sum(n > 1 for n in pacs.stored.values()),
            "studies_with_results": len(set(pacs.studies.values())),
            "seconds": round(time.monotonic() - began),
        }


def sent(listener: ListenerProcess, left: list, *, some: int) -> list:  # type: ignore[type-arg]
    """Send some objects; return those without an answer."""
    statuses = send_objects(listener.port, left[:some])
    unanswered = [ds for ds, s in zip(left[:some], statuses, strict=True) if s != 0]
    return [*unanswered, *left[some:]]


def send_rest(listener: ListenerProcess, left: list) -> None:  # type: ignore[type-arg]
    """Send until everything is answered for."""
    while left:
        left = sent(listener, left, some=len(left))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("--kills", 20), ("--studies", 30), ("--seed", 1)):
        parser.add_argument(name, type=int, default=default)
    print(json.dumps(measure(**vars(parser.parse_args())), indent=1))
