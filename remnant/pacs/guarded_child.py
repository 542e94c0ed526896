"""A command that ends with its parent: ``python -m remnant.pacs.guarded_child LOCK LOG COMMAND…``.

Standard input is a pipe that the parent holds open. When it closes, because the parent asks or is
dead, the command and all that it started are killed. While any of them lives the lock is held, so
that a parent that was started anew waits for the end of the command that it had begun before.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

KILLED: Final = 137
OWNER_ONLY: Final = 0o077


def main(words: list[str]) -> int:
    """Run the command and return its exit code; 128 and the signal where one ended it."""
    lock_path, log_path, *command = words
    os.umask(OWNER_ONLY)
    running: list[subprocess.Popen[bytes]] = []
    threading.Thread(target=_ended_with_parent, args=(running,), daemon=True).start()
    with Path(lock_path).open("ab") as lock, Path(log_path).open("ab") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )
        running.append(process)
        code = process.wait()
    return code if code >= 0 else 128 - code


def _ended_with_parent(running: list["subprocess.Popen[bytes]"]) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    os._exit(KILLED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
