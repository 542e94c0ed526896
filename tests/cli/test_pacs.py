"""What the commands of a node refuse, and how they list a spool."""

import json

import pytest

from remnant.cli.app import run_command
from remnant.pacs.queue import Arrival, StudyQueue
from remnant.pacs.spool import Spool


@pytest.fixture(name="spool")
def spool_fixture(tmp_path):
    spool = Spool(tmp_path / "spool")
    queue = StudyQueue(spool.queue_path)
    for number in (1, 2):
        arrival = Arrival(key="case-a", sop_uid=f"1.{number}", name="a", sha256="aa")
        queue.receive(arrival, now=0.0, due=0.0, place=lambda: None)
    queue.fail(queue.claim(0.0), "run: ended with exit code 2", 0.0, retry_at=None)
    queue.close()
    return tmp_path / "spool"


def test_status__lists_studies_by_pseudonym_with_why_they_failed(spool, capsys):
    assert 0 == run_command(["pacs", "status", str(spool)])
    told = capsys.readouterr().out
    assert "case-a  failed     2 objects, revision 1, attempt 1: run: ended" in told
    assert 0 == run_command(["pacs", "status", str(spool), "--retry-failed", "--json"])
    studies = json.loads(capsys.readouterr().out)["studies"]
    assert ["receiving"] == [one["state"] for one in studies]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "."], "no spool"),
        (["fetch", "--source", "A@h:1", "-o", "x"], "name one study"),
        (["fetch", "--source", "A@h:1", "-o", "x", "--patient-id", "*"], "without * or ?"),
        (["send", "nothing", "--to", "A@h:1"], "does not exist"),
        (["send", ".", "--to", "A"], "AE_TITLE@HOST:PORT"),
        (["listen", "s", "--allow-ae", "A", "--workers", "0"], "allowed are 1"),
        (["listen", "s", "--allow-ae", "A", "--run-options", "'"], "--run-options"),
        (["listen", "s", "--allow-ae", "A", "--allow-peer", "x"], "networks"),
        (["listen", "s", "--allow-ae", "A", "--tls-ca", "none.pem"], "no file"),
        (["listen", "s", "--allow-ae", "A", "--quiet-seconds", "0"], "above 0"),
    ],
)
def test_commands__refuse_in_one_line_with_what_to_do(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert 2 == run_command(["pacs", *words])
    error = capsys.readouterr().err
    assert said in error
    assert 1 == error.count("\n")
    assert [] == list(tmp_path.iterdir())


def test_commands__say_which_extra_is_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("remnant.core.extras.importlib.util.find_spec", lambda name: None)

    assert 2 == run_command(["pacs", "send", str(tmp_path), "--to", "A@h:1"])
    assert "pip install 'remnant[pacs]'" in capsys.readouterr().err
