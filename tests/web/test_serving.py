"""The server as a process: its address, its end, and its patience."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from remnant.cli.app import run_command
from remnant.cli.serve import web_settings
from remnant.core.errors import InputError
from remnant.web import serving
from remnant.web.app import create_app
from remnant.web.serving import ImpatientProtocol, listening, reached_at
from remnant.web.settings import WebSettings, read_token

NONE = {"image": None, "images": None, "token_file": None, "address": ()}


def test_serve__prints_its_address_answers_and_ends_at_ctrl_c(ran):
    command = [sys.executable, "-m", "remnant", "serve", str(ran.parent), "--port", "0"]
    environment = {**os.environ, "REMNANT_PSEUDONYM_KEY": "00" * 32}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        address = urlsplit(process.stderr.readline().split()[-1])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        connection.request("GET", "/api/cases")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert address.hostname == "127.0.0.1"
    assert answer.status == 200
    assert b"Mustermann" in body
    assert "server" not in {name.lower() for name, _ in answer.getheaders()}
    assert process.returncode == 0
    assert "has ended" in out
    assert "Traceback" not in err
    # neither cases nor what was asked for stand in what it writes
    assert "Mustermann" not in out + err
    assert "/api/" not in out + err


def line_of(capsys):
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_serve__a_port_that_is_taken_is_said_in_one_line(ran, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = run_command(["serve", str(ran), "--port", port])

    assert code == 2
    assert f"--port {port} of 127.0.0.1 cannot be used" in line_of(capsys)


def test_serve__without_the_extra_says_what_to_install(ran, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run_command(["serve", str(ran)]) == 2
    assert "pip install 'remnant[web]'" in line_of(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none"], "is no folder"),
        ([".", "--host", "10.0.0.1"], "give --token-file"),
        ([".", "--host", "192.168.1.5"], "give --token-file"),
        ([".", "--address", "https://review.example"], "give --token-file"),
        ([".", "--token-file", "none"], "does not exist"),
        ([".", "--image", "none"], "does not exist"),
        ([".", "--images", "none"], "is no folder"),
        ([".", "--image", "a", "--images", "b"], "contradict"),
        ([".", "--port", "70000"], "allowed are 0 to 65535"),
        ([".", "--host", "no such host.invalid", "--token-file", "token"], "--host"),
    ],
)
def test_serve__refuses_in_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("t" * 32)
    (tmp_path / "token").chmod(0o600)

    assert run_command(["serve", *arguments]) == 2
    assert words in line_of(capsys)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("t" * 31, 0o600, "at least 32"),
        ("", 0o600, "at least 32"),
        ("t" * 32 + "\nmore", 0o600, "one line"),
        ("ü" * 40, 0o600, "ASCII"),
        ("t" * 32, 0o640, "read by others"),
        ("t" * 32, 0o604, "read by others"),
    ],
)
def test_token__that_is_weak_or_open_to_others_is_refused(tmp_path, content, mode, words):
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(InputError, match=words):
        read_token(path)


def test_settings__of_an_open_server_name_its_address_and_token(tmp_path):
    path = tmp_path / "token"
    path.write_text("t" * 40 + "\n")
    path.chmod(0o600)
    given = {**NONE, "token_file": path, "address": ("https://review.example:8443/",)}
    settings = web_settings(tmp_path, host="10.0.0.5", **given)

    assert settings.token == "t" * 40
    assert {"10.0.0.5", "review.example", "localhost"} <= set(settings.hosts)
    assert settings.origins == ("https://review.example:8443",)
    assert settings.any_address
    told = reached_at("0.0.0.0", 8000)  # noqa: S104
    assert told.startswith("http://localhost:8000/ and, from other machines, at port 8000")
    assert "--address http://NAME:8000" in told
    assert "t" * 40 not in repr(settings)


def test_settings__on_loopback_ask_for_no_token(tmp_path):
    for host in ("127.0.0.1", "localhost", "::1"):
        settings = web_settings(tmp_path, host=host, **NONE)
        assert (settings.token, settings.any_address) == (None, False)


@contextmanager
def served(app, monkeypatch):
    """Serve in a thread, and give the port; nothing of it is left in the end."""
    import asyncio

    import uvicorn

    with listening("127.0.0.1", 0) as opened:
        config = uvicorn.Config(
            app, http=ImpatientProtocol, ws="none", log_config=None, log_level="critical",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=lambda: asyncio.run(server._serve(sockets=[opened])), daemon=True
        )
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield opened.getsockname()[1]
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def trickled(port, content, *, pause):
    """Send bytes one by one until the server has had enough; return what it sent and how long."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        try:
            for byte in content:
                client.sendall(bytes((byte,)))
                time.sleep(pause)
            found = client.recv(65536)
        except (ConnectionError, BrokenPipeError):
            found = b""
        return found, time.monotonic() - start


def test_slow_clients__are_given_up_and_others_are_answered(ran, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.6)
    app = create_app(WebSettings(root=ran.parent, body_seconds=0.6))
    head = b"GET /api/cases HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-Slow: " + b"a" * 200
    body = (
        b"POST /api/cases/x/what-if HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Remnant: 1\r\n"
        b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    )
    with served(app, monkeypatch) as port:
        results = []
        slow = threading.Thread(
            target=lambda: results.append(trickled(port, head, pause=0.02)), daemon=True
        )
        slow.start()
        silent = socket.create_connection(("127.0.0.1", port), timeout=20)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/api/nothing")
        assert connection.getresponse().status == 404
        connection.close()
        slow.join(20)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(body)
            answer = client.recv(65536)
        try:
            rest = silent.recv(10)
        except ConnectionError:
            rest = b""
        silent.close()
    ((found, seconds),) = results

    assert found == b""
    assert seconds < 4.0
    assert rest == b""
    assert b" 408 " in answer.splitlines()[0]


def test_many_connections__beyond_the_limit_are_told_so(ran, monkeypatch):
    import uvicorn

    made = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: made.append(self.config))
    with listening("127.0.0.1", 0) as opened:
        serving.run(create_app(WebSettings(root=ran.parent)), opened)
    (config,) = made

    assert config.limit_concurrency == serving.MOST_CONNECTIONS
    assert config.access_log is False
    assert config.proxy_headers is False
    assert config.server_header is False
    assert config.timeout_keep_alive == serving.IDLE_SECONDS
