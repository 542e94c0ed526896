"""Send many studies by several associations at once, then one huge object; watch the memory.

``python benchmarks/pacs_load.py [--studies 200] [--associations 4] [--huge-mib 2048]``
tells how many objects were stored, how many twice, and the listener's resident memory.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
os.environ.setdefault("REMNANT_PSEUDONYM_KEY", "00" * 32)

from examples.pacs_peers import (  # noqa: E402
    ListenerProcess,
    association,
    send_objects,
    study_uid,
)
from examples.pacs_results import ct_slice  # noqa: E402
from remnant.pacs.queue import StudyQueue  # noqa: E402

SLICES, SIDE = 10, 128
MIB = 1024**2


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


class Watch:
    """Looks at the memory of a process, now and then."""

    def __init__(self, pid: int) -> None:
        self.pid, self.seen, self._end = pid, [resident_mib(pid)], threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.1):
            self.seen.append(resident_mib(self.pid))

    def stop(self) -> dict[str, float]:
        """Return the memory before, half-way, at most and after."""
        self._end.set()
        self._thread.join()
        return {
            "before_mib": round(self.seen[0], 1),
            "half_way_mib": round(self.seen[len(self.seen) // 2], 1),
            "most_mib": round(max(self.seen), 1),
            "after_mib": round(self.seen[-1], 1),
        }


def send_study(port: int, number: int) -> int:
    """Send a study in an association of its own; return how many objects were stored."""
    objects = [ct_slice(study_uid(f"{number}"), n, side=SIDE) for n in range(1, SLICES + 1)]
    return sum(status == 0 for status in send_objects(port, objects))


def send_huge(port: int, mib: int) -> tuple[int | None, float]:
    """Send an object that is made while it is sent; return its status and the seconds."""
    from pynetdicom.dimse_messages import C_STORE_RQ
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.pdu_primitives import P_DATA

    with association(port) as made:
        piece = b"\0" * (made.acceptor.maximum_length - 6)
        began = time.monotonic()
        request = C_STORE()
        request.MessageID, request.Priority = 1, 2
        context = made.accepted_contexts[0]
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = (
            context.abstract_syntax,
            "1.2.3",
        )
        message = C_STORE_RQ()
        message.primitive_to_message(request)
        message.command_set.CommandDataSetType = 1
        made._reactor_checkpoint.clear()  # noqa: SLF001
        for command in message.encode_msg(context.context_id, 16382):
            made.dul.send_pdu(command)
        pieces = mib * MIB // len(piece)
        for number in range(pieces + 1):
            while made.dul.to_provider_queue.qsize() > 4 and made.is_established:  # noqa: PLR2004
                time.sleep(0.0005)
            if not made.is_established:
                break
            data = P_DATA()
            head = b"\2" if number == pieces else b"\0"
            data.presentation_data_value_list = [[context.context_id, head + piece]]
            made.dul.send_pdu(data)
        _, answer = made.dimse.get_msg(block=True)
        made._reactor_checkpoint.set()  # noqa: SLF001
    return getattr(answer, "Status", None), time.monotonic() - began


def measure(studies: int, associations: int, huge_mib: int) -> dict[str, object]:
    """Return what was stored, and the listener's memory."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        listener = ListenerProcess(
            spool,
            quiet_s=3600.0,
            limits={"most_object_bytes": 1024 * MIB, "most_pdu_bytes": MIB, "timeout_s": 30.0},
        )
        listener.is_listening.wait(60)
        send_study(listener.port, 0)  # what is loaded once, is loaded
        watch, began = Watch(listener.process.pid), time.monotonic()
        with ThreadPoolExecutor(associations) as pool:
            stored = sum(pool.map(lambda n: send_study(listener.port, n), range(1, studies)))
        seconds, memory = time.monotonic() - began, watch.stop()
        watch = Watch(listener.process.pid)
        status, huge_s = send_huge(listener.port, huge_mib)
        huge_memory = watch.stop()
        after = send_study(listener.port, studies)
        listener.terminate()
        queue = StudyQueue(spool / "queue.sqlite")
        known = queue.lines()
        queue.close()
        files = len(list((spool / "studies").rglob("*.dcm")))
    return {
        "studies": studies,
        "objects_sent": studies * SLICES,
        "objects_stored": stored + SLICES,
        "objects_in_queue_and_on_disk": [sum(one.objects for one in known), files],
        "studies_in_queue": len(known),
        "seconds": round(seconds, 1),
        "memory": memory,
        "huge_mib": huge_mib,
        "huge_status": None if status is None else f"0x{status:04X}",
        "huge_seconds": round(huge_s, 1),
        "huge_memory": huge_memory,
        "stored_after_huge": after,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("--studies", 200), ("--associations", 4), ("--huge-mib", 2048)):
        parser.add_argument(name, type=int, default=default)
    print(json.dumps(measure(**vars(parser.parse_args())), indent=1))
