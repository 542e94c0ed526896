"""Lines of the log: one that cannot be written stops nothing."""

import errno
import io
import json

from remnant.pacs.logs import NodeLog


class FullDisk(io.StringIO):
    """A log on a full disk."""

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_write__one_line_of_json_for_each_event():
    stream = io.StringIO()
    NodeLog(stream).write("study", study="case-1", objects=3)
    NodeLog(stream).write("ended")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["study"], first["objects"]) == ("study", "case-1", 3)
    assert second["event"] == "ended"


def test_write__a_log_that_is_full_or_closed_stops_nothing():
    closed = io.StringIO()
    closed.close()
    for stream in (FullDisk(), closed):
        NodeLog(stream).write("study", study="case-1")
