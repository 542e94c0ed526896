"""Many studies by several associations at once.

The long way, with memory, is benchmarks/pacs_load.py.
"""

from concurrent.futures import ThreadPoolExecutor

from examples.pacs_peers import send_objects, settings_for, study_uid
from examples.pacs_results import ct_slice
from remnant.pacs.spool import name_of

STUDIES, SLICES, ASSOCIATIONS = 16, 4, 4


def study(name):
    return [ct_slice(study_uid(name), n) for n in range(SLICES)]


def test_studies__sent_at_once_are_all_stored_and_none_twice(tmp_path, listening):
    listener = listening(settings_for(tmp_path / "spool", quiet_s=600.0))
    port = listener.receiver.port
    with ThreadPoolExecutor(ASSOCIATIONS) as pool:
        statuses = list(pool.map(lambda n: send_objects(port, study(f"{n}")), range(STUDIES)))

    assert [[0x0000] * SLICES] * STUDIES == statuses
    assert [SLICES] * STUDIES == [line.objects for line in listener.queue.lines()]
    stored = sorted(path.name for path in (listener.spool.root / "studies").rglob("*.dcm"))
    sent = (ds for n in range(STUDIES) for ds in study(f"{n}"))
    assert sorted(name_of(str(ds.SOPInstanceUID)) for ds in sent) == stored
