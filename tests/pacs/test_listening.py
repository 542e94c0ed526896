"""A listener takes studies, has them worked off, and sends the results once."""

import stat
import sys

import httpx
import pytest
from pydicom import dcmread

from examples.pacs_peers import CountingPacs, send_objects, settings_for, study_uid, wait_until
from examples.pacs_results import PATIENT, PATIENT_ID, RESULTS, ct_slice
from remnant.core.errors import InputError
from remnant.pacs.listening import Listener
from remnant.pacs.queue import StudyState


def slices(name, number, *, first=1):
    return [ct_slice(study_uid(name), n) for n in range(first, first + number)]


def is_done(listener, studies=1):
    return listener.queue.counts() == {StudyState.DONE: studies}


def test_study__is_worked_off_and_its_results_are_sent_once(tmp_path, listening):
    with CountingPacs() as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))

        assert [0x0000] * 3 == send_objects(listener.receiver.port, slices("a", 3))
        wait_until(lambda: is_done(listener))

    assert RESULTS == len(pacs.stored)
    assert {1} == set(pacs.stored.values())
    assert {study_uid("a")} == set(pacs.studies.values())
    assert [] == list(listener.spool.outbox.iterdir())
    assert [] == list(listener.spool.incoming.iterdir())


def test_files__are_the_owners_alone(tmp_path, listening):
    listener = listening(settings_for(tmp_path / "spool"))
    send_objects(listener.receiver.port, slices("a", 2))
    wait_until(lambda: is_done(listener))

    rights = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in [listener.spool.root, *listener.spool.root.rglob("*")]
    }
    open_ = {path.name for path, mode in rights.items() if mode & 0o077}
    assert len(rights) > 10
    assert set() == open_


def test_log__names_nobody(tmp_path, listening):
    with CountingPacs() as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))
        send_objects(listener.receiver.port, slices("a", 2))
        wait_until(lambda: is_done(listener))
    log = (tmp_path / "log.jsonl").read_text("utf-8")

    planted = {PATIENT, PATIENT_ID, study_uid("a"), *pacs.stored}
    assert '"study": "case-' in log
    assert {word for word in planted if word in log} == set()


def test_same_object__is_there_already__another_with_its_uid_is_refused(tmp_path, listening):
    listener = listening(settings_for(tmp_path / "spool", quiet_s=60.0))
    changed = ct_slice(study_uid("a"), 1)
    changed.PixelData = b"\1" * len(changed.PixelData)

    sent = [*slices("a", 1), *slices("a", 1), changed]
    assert [0x0000, 0x0000, 0x0111] == send_objects(listener.receiver.port, sent)
    assert 1 == listener.queue.lines()[0].objects


def test_late_objects__are_a_further_revision_with_results_of_its_own(tmp_path, listening):
    with CountingPacs() as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))
        send_objects(listener.receiver.port, slices("a", 2))
        wait_until(lambda: is_done(listener))
        send_objects(listener.receiver.port, slices("a", 1, first=3))
        wait_until(lambda: len(pacs.stored) == 2 * RESULTS and is_done(listener))

    assert 2 == listener.queue.lines()[0].revision
    assert {1} == set(pacs.stored.values())


def test_own_results__that_are_routed_back_begin_no_further_revision(tmp_path, listening):
    with CountingPacs() as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))
        send_objects(listener.receiver.port, slices("a", 2))
        wait_until(lambda: is_done(listener))
        results = [dcmread(file) for file in listener.spool.root.glob("cases/*/dicom/*.dcm")]

        kinds = {one.SOPClassUID for one in results}
        answers = send_objects(listener.receiver.port, results, kinds=kinds)

    assert [0x0000] * RESULTS == answers
    (line,) = listener.queue.lines()
    assert (StudyState.DONE, 1, 2) == (line.state, line.revision, line.objects)
    assert listener.tallies()["passed_over"] == RESULTS


def test_release__completes_a_study_where_asked(tmp_path, listening):
    settings = settings_for(tmp_path / "spool", quiet_s=600.0, on_release=True)
    listener = listening(settings)

    send_objects(listener.receiver.port, slices("a", 2))
    wait_until(lambda: is_done(listener))


def test_failed_program__is_tried_again_then_parked_then_begun_anew_when_asked(tmp_path, listening):
    failing = (sys.executable, "-c", "raise SystemExit(7)")
    listener = listening(settings_for(tmp_path / "spool", commands=(failing,)))
    send_objects(listener.receiver.port, slices("a", 1))
    wait_until(lambda: listener.queue.counts() == {StudyState.FAILED: 1})

    line = listener.queue.lines()[0]
    assert 2 == line.attempts
    assert "exit code 7" in line.reason
    assert 1 == listener.queue.retry_failed(0.0)
    wait_until(lambda: listener.queue.counts() == {StudyState.FAILED: 1})


def test_red_result__is_parked_at_once_and_not_sent(tmp_path, listening):
    red = (sys.executable, "-c", "raise SystemExit(3)")
    with CountingPacs() as pacs:
        settings = settings_for(tmp_path / "spool", target=pacs.peer, commands=(red,))
        listener = listening(settings)
        send_objects(listener.receiver.port, slices("a", 1))
        wait_until(lambda: listener.queue.counts() == {StudyState.FAILED: 1})

    assert 1 == listener.queue.lines()[0].attempts
    assert {} == pacs.stored


def test_target__that_refuses_is_tried_again__one_that_takes_later_gets_all(tmp_path, listening):
    refusals = iter([0xA700, 0xA700])
    with CountingPacs(answers=lambda _: next(refusals, 0x0000)) as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))
        send_objects(listener.receiver.port, slices("a", 1))
        wait_until(lambda: is_done(listener))

    assert [1] * RESULTS == list(pacs.stored.values())


def test_target__that_always_refuses_leaves_a_parked_study(tmp_path, listening):
    with CountingPacs(answers=0xC000) as pacs:
        listener = listening(settings_for(tmp_path / "spool", target=pacs.peer))
        send_objects(listener.receiver.port, slices("a", 1))
        wait_until(lambda: listener.queue.counts() == {StudyState.FAILED: 1})

    assert "refused" in listener.queue.lines()[0].reason
    assert RESULTS == len(list(listener.spool.outbox.iterdir()))


def test_figures_and_health__are_told(tmp_path, listening):
    listener = listening(settings_for(tmp_path / "spool", quiet_s=60.0))
    send_objects(listener.receiver.port, slices("a", 2))
    address = f"http://127.0.0.1:{listener.metrics_port}"

    figures = httpx.get(f"{address}/metrics").text
    health = httpx.get(f"{address}/health").json()

    assert 'remnant_studies{state="receiving"} 1.0' in figures
    assert 'remnant_events_total{event="stored_objects"} 2.0' in figures
    assert {"status": "ok", "studies": {"receiving": 1}} == health


def test_spool__of_another_listener_and_one_open_to_others_are_refused(tmp_path, listening):
    listening(settings_for(tmp_path / "spool"))
    with pytest.raises(InputError, match="another listener"):
        Listener(settings_for(tmp_path / "spool")).__enter__()
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(InputError, match="chmod 700"):
        Listener(settings_for(tmp_path / "open"))
