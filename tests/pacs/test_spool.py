"""The folder of a listener: what nobody knows any more goes."""

from remnant.pacs.queue import Arrival, StudyQueue
from remnant.pacs.spool import Spool


def test_tidy__removes_cases_of_forgotten_studies_and_no_others(tmp_path):
    spool = Spool(tmp_path / "spool")
    queue = StudyQueue(spool.queue_path)
    known = Arrival(key="case-known", sop_uid="1.2", name="a.dcm", sha256="aa")
    queue.receive(known, now=0.0, due=0.0, place=lambda: None)
    kept = spool.case("case-known", 1)
    for folder in (kept, spool.case("case-gone", 1), spool.case("case-gone", 2)):
        folder.mkdir()
        folder.with_name(f"{folder.name}.log").touch()

    spool.tidy(queue)
    queue.close()

    assert sorted(kept.parent.iterdir()) == [kept, kept.with_name(f"{kept.name}.log")]
