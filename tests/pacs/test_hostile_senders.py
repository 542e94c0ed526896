"""Whatever a sender does, it is refused by name and the listener goes on."""

import json
import socket
import struct
import threading
import time

import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import evt
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind

from examples.pacs_peers import (
    association,
    send_objects,
    settings_for,
    small_limits,
    study_uid,
    wait_until,
)
from examples.pacs_results import ct_slice
from remnant.pacs.settings import network_of

KIB = 1024


@pytest.fixture(name="listener")
def listener_fixture(tmp_path, listening):
    limits = small_limits(most_object_bytes=64 * KIB, timeout_s=1.0, most_associations=3)
    return listening(settings_for(tmp_path / "spool", quiet_s=600.0, limits=limits))


def fine(number=1):
    return ct_slice(study_uid("fine"), number)


def lives(listener):
    """Whether others are still served, and nothing of what was refused is left."""
    stored = [0x0000] == send_objects(listener.receiver.port, [fine()])
    wait_until(lambda: not list(listener.spool.incoming.iterdir()))
    return stored


def events(tmp_path):
    lines = (tmp_path / "log.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_other_titles__are_refused(listener, tmp_path):
    with association(listener.receiver.port, title="STRANGER") as made:
        assert made.is_rejected
        assert 0x03 == made.acceptor.primitive.diagnostic  # calling AE title not recognised
    with association(listener.receiver.port, called="SOMEBODY") as made:
        assert made.is_rejected
        assert 0x07 == made.acceptor.primitive.diagnostic  # called AE title not recognised
    assert lives(listener)
    assert 2 == [one["event"] for one in events(tmp_path)].count("refused_association")


def test_other_addresses__are_not_spoken_to(tmp_path, listening):
    elsewhere = (network_of("192.0.2.0/24", option="test"),)
    listener = listening(settings_for(tmp_path / "spool", allowed_networks=elsewhere))

    assert [None] == send_objects(listener.receiver.port, [fine()])
    refused = [one for one in events(tmp_path) if one["event"] == "refused_connection"]
    assert {"address not allowed"} == {one["why"] for one in refused}


def test_kinds_that_are_no_storage__are_not_accepted(listener):
    with association(listener.receiver.port, kinds=(StudyRootFind,)) as made:
        assert [] == made.accepted_contexts
    assert lives(listener)


def test_object_of_another_kind_than_was_said__is_refused(listener):
    told = fine()
    told.file_meta.MediaStorageSOPClassUID = MRImageStorage
    with association(listener.receiver.port, kinds=(CTImageStorage, MRImageStorage)) as made:
        told.SOPClassUID = MRImageStorage
        made.bind(evt.EVT_DIMSE_SENT, as_ct)
        assert 0xA900 == made.send_c_store(told).Status
    assert lives(listener)


def as_ct(event):
    """Say that the object is a CT, whatever it is."""
    command = event.message.command_set
    command.AffectedSOPClassUID = CTImageStorage


def test_object_without_identifiers__is_refused(listener):
    broken = fine()
    del broken.StudyInstanceUID
    unnamed = fine(2)
    unnamed.StudyInstanceUID = ""

    statuses = send_objects(listener.receiver.port, [broken, unnamed])
    assert [0xC000, 0xC000] == statuses
    assert lives(listener)


def test_object_larger_than_allowed__is_refused_and_the_next_is_taken(listener):
    large = ct_slice(study_uid("large"), 1, side=250)

    statuses = send_objects(listener.receiver.port, [large, fine()])
    assert [0xA700, 0x0000] == statuses
    assert 1 == listener.receiver.tally["refused_objects"]
    assert lives(listener)


def test_object_without_end__ends_the_association(listener):
    most = 4 * 64 * KIB
    with association(listener.receiver.port) as made:
        began = start_object(made)
        sent = 0
        while made.is_established and sent < 4 * most:
            began(b"\0" * 8 * KIB)
            sent += 8 * KIB
            time.sleep(0.001)
        wait_until(lambda: not made.is_established)
    assert sent >= most
    assert lives(listener)


def start_object(made):
    """Begin a storage request; return what sends pieces of its object."""
    from pynetdicom.dimse_messages import C_STORE_RQ
    from pynetdicom.dimse_primitives import C_STORE

    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID = CTImageStorage
    request.AffectedSOPInstanceUID = "1.2.3.4"
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    message.command_set.CommandDataSetType = 1
    context = made.accepted_contexts[0].context_id
    message.context_id = context
    for piece in message.encode_msg(context, 16382):
        made.dul.send_pdu(piece)

    def more(data):
        piece = P_DATA()
        piece.presentation_data_value_list = [[context, b"\0" + data]]
        made.dul.send_pdu(piece)

    return more


def test_sender_that_is_cut_off__leaves_nothing(listener):
    with association(listener.receiver.port) as made:
        start_object(made)(b"\0" * 8 * KIB)
        wait_until(lambda: list(listener.spool.incoming.iterdir()))
        made.dul.socket.socket.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: not list(listener.spool.incoming.iterdir()))
    assert lives(listener)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 4096,
        b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
        struct.pack(">BBL", 1, 0, 2**32 - 1),
        struct.pack(">BBL", 4, 0, 100) + b"\0" * 100,
        struct.pack(">BBL", 1, 0, 68) + b"\0" * 68,
    ],
    ids=["bytes", "http", "endless", "data first", "empty request"],
)
def test_garbage__ends_its_connection_alone(listener, garbage):
    with socket.create_connection(("127.0.0.1", listener.receiver.port)) as connection:
        connection.settimeout(20)
        connection.sendall(garbage)
        while connection_is_open(connection):
            pass
    assert lives(listener)


def connection_is_open(connection):
    try:
        return bool(connection.recv(4096))
    except ConnectionError:
        return False


def test_command_of_garbage__ends_its_association(listener):
    with association(listener.receiver.port) as made:
        piece = P_DATA()
        piece.presentation_data_value_list = [[1, b"\3" + b"\xff" * 64]]
        made.dul.send_pdu(piece)
        wait_until(lambda: not made.is_established)
    assert lives(listener)


def test_slow_senders__are_hung_up_on(listener):
    slow = [socket.create_connection(("127.0.0.1", listener.receiver.port)) for _ in range(3)]
    try:
        for connection in slow:
            connection.settimeout(20)
            connection.sendall(struct.pack(">BBL", 1, 0, 1000)[:5])
        dripping = threading.Thread(target=drip, args=(slow[0],))
        dripping.start()
        for connection in slow[1:]:
            while connection_is_open(connection):
                pass
        dripping.join(20)
        assert not dripping.is_alive()
    finally:
        for connection in slow:
            connection.close()
    assert lives(listener)


def drip(connection):
    try:
        for _ in range(200):
            connection.sendall(b"\0")
            time.sleep(0.05)
    except OSError:
        return


def test_too_many_associations__are_told_so(listener):
    held = [association(listener.receiver.port) for _ in range(3)]
    made = [one.__enter__() for one in held]
    try:
        assert [True] * 3 == [one.is_established for one in made]
        with association(listener.receiver.port) as further:
            assert further.is_rejected
            assert 0x02 == further.acceptor.primitive.result  # transient
    finally:
        for one in held:
            one.__exit__(None, None, None)


def test_full_disk__nothing_more_is_taken_and_health_says_so(tmp_path, listening):
    full = small_limits(least_free_bytes=2**62)
    listener = listening(settings_for(tmp_path / "spool", limits=full))

    assert [0xA700] == send_objects(listener.receiver.port, [fine()])
    assert {} == listener.queue.counts()
    assert not list(listener.spool.incoming.iterdir())


def test_objects__in_the_encoding_that_was_agreed_are_taken(listener):
    with association(listener.receiver.port) as made:
        syntaxes = {str(cx.transfer_syntax[0]) for cx in made.accepted_contexts}
    assert {str(ExplicitVRLittleEndian)} == syntaxes
