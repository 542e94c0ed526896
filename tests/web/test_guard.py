"""What the server refuses, each with its name, and the headers of all that it answers."""

import asyncio
import json

import pytest

from remnant.web.guard import HEADERS
from remnant.web.settings import LOOPBACK

TOKEN = "correct-horse-battery-staple-0123456789"  # noqa: S105  (a token of this test)
RECIPE = {"recipe": {"segments": ["V"]}}


def refused(answer, status, words):
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert words in document["error"]
    assert set(document) >= {"error", "what_to_do"}
    return True


def raw(app, path, *, method="GET", headers=(), body=b"", query=b""):
    """Send a request that no client would write; return its status and document."""
    sent, waiting = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path[0], "raw_path": path[1], "query_string": query,
        "root_path": "", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 5),
        "headers": [(b"host", b"127.0.0.1:8000"), *headers],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    content = b"".join(m.get("body", b"") for m in sent)
    return sent[0]["status"], json.loads(content)


@pytest.mark.parametrize("path", ["/", "/api/cases", "/api/nothing", "/case/x", "/docs"])
def test_headers__are_on_every_answer(still, path):
    answer = still.get(path)
    for name, value in HEADERS.items():
        if name != "cache-control":
            assert answer.headers[name] == value
    assert "server" not in answer.headers
    assert "unsafe-inline" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/api/", "/api/cases/"])
def test_pages__that_describe_the_server_are_not_there(still, path):
    assert refused(still.get(path), 404, "no such page")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example",
                                  "10.1.2.3:8000", ""])  # fmt: skip
def test_host__of_another_name_is_refused(still, host):
    assert refused(still.get("/api/cases", headers={"host": host}), 421, "not called that")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LocalHost:1"])
def test_host__loopback_is_this_server(still, host):
    assert still.get("/api/cases", headers={"host": host}).status_code == 200


def test_host__an_address_is_good_where_others_may_come(serve, ran):
    page = serve(ran.parent, any_address=True, hosts=(*LOOPBACK, "10.0.0.5"))

    assert page.get("/api/cases", headers={"host": "192.168.1.4:8000"}).status_code == 200
    assert refused(page.get("/", headers={"host": "evil.example"}), 421, "not called that")


def test_headers__one_that_browsers_take_from_safe_origins_alone_is_sent_there_alone(serve, ran):
    """Elsewhere they complain of it on their console."""
    proxy = {"hosts": (*LOOPBACK, "a.example"), "origins": ("https://a.example",)}
    page = serve(ran.parent, any_address=True, **proxy)
    hosts = ("127.0.0.1:8000", "localhost", "a.example", "10.0.0.5:8000")
    answers = [page.get("/", headers={"host": host}) for host in hosts]

    found = ["cross-origin-opener-policy" in answer.headers for answer in answers]
    assert found == [True, True, True, False]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"},
     {"origin": "https://127.0.0.1:8000"}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_origin__of_another_page_is_refused(still, headers):
    answer = still.post(f"{still.base}/what-if", RECIPE, headers=headers)
    assert refused(answer, 403, "another page")


def test_origin__of_a_proxy_that_was_named_is_good(serve, ran):
    page = serve(
        ran.parent, origins=("https://review.example",), hosts=(*LOOPBACK, "review.example")
    )
    headers = {"origin": "https://review.example", "host": "review.example"}

    assert page.post(f"{page.base}/what-if", RECIPE, headers=headers).status_code == 200


def test_change__needs_the_header_of_the_page(still):
    path = f"{still.base}/what-if"
    without = still.post(path, RECIPE, headers={"x-remnant": None})
    form = still.ask("POST", path, content="a=b", headers={"content-type": "text/plain"})

    assert refused(without, 403, "does not come from the page")
    assert refused(form, 415, "no JSON")


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_method__that_is_not_used_is_refused(still, method):
    assert refused(still.ask(method, "/api/cases"), 405, "not done here")


@pytest.mark.parametrize(
    "body",
    ["{", "", "nul", '{"recipe": NaN}', "[1]", '"x"', "\ufeff{}", "[" * 100_000, b"\xff\xfe"],
)
def test_body__malformed_is_refused(still, body):
    headers = {"content-type": "application/json"}
    answer = still.ask("POST", f"{still.base}/what-if", content=body, headers=headers)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "what_to_do"}


@pytest.mark.parametrize("length", [b"99999999", b"-1", b"x", b"1_0"])
def test_body__oversized_is_refused_before_it_is_read(still, length):
    case = still.base
    headers = [(b"x-remnant", b"1"), (b"content-type", b"application/json"),
               (b"content-length", length)]  # fmt: skip
    status, document = raw(
        still.app, (f"{case}/what-if", b""), method="POST", headers=headers, body=b"{}"
    )

    assert status == 413
    assert "too large" in document["error"]


def test_body__oversized_without_a_length_is_refused(serve, ran):
    page = serve(ran.parent, most_body_bytes=1000)

    async def pieces():
        for _ in range(10):
            yield b" " * 500

    headers = {"content-type": "application/json"}
    answer = page.ask("POST", f"{page.base}/what-if", content=pieces(), headers=headers)
    assert refused(answer, 413, "too large")


def test_body__that_comes_too_slowly_is_given_up(serve, ran):
    page = serve(ran.parent, body_seconds=0.2)

    async def pieces():
        for _ in range(50):
            await asyncio.sleep(0.05)
            yield b" "

    headers = {"content-type": "application/json"}
    answer = page.ask("POST", f"{page.base}/what-if", content=pieces(), headers=headers)
    assert refused(answer, 408, "too slowly")


TRAVERSALS = [
    ("/static/../../secret", b"/static/../../secret"),
    ("/static/../secret", b"/static/%2e%2e/secret"),
    ("/static/..\\secret", b"/static/..%5csecret"),
    ("/api/cases/../../etc/passwd", b"/api/cases/..%2f..%2fetc/passwd"),
    ("/api/cases/a/downloads/../report.json", b"/api/cases/a/downloads/%2E%2E/report.json"),
    ("/static/%2e%2e/secret", b"/static/%252e%252e/secret"),
    ("/static/a\x00b", b"/static/a%00b"),
    ("//etc/passwd", b"//etc/passwd"),
    ("/static/" + "a" * 5000, b"/static/" + b"a" * 5000),
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_path__that_leads_upwards_is_refused(still, path):
    status, document = raw(still.app, path)

    assert status == 404
    assert document["error"] == "there is no such page"


def test_header__that_is_there_twice_is_refused(still):
    status, document = raw(
        still.app, ("/api/cases", b"/api/cases"), headers=[(b"host", b"evil.example")]
    )
    assert status == 400
    assert "twice" in document["error"]


@pytest.mark.parametrize(
    "path",
    ["/api/cases/unknown", "/api/cases/unknown/plans", "/api/cases/unknown/volumes/x.nii.gz"],
)
def test_case__of_an_unknown_id_is_refused(still, path):
    assert refused(still.get(path), 404, "no such case")


def test_case__a_folder_that_links_elsewhere_is_not_served(root, ran, serve, tmp_path):
    (root / "linked").symlink_to(ran)
    names = [row["name"] for row in serve(root).get("/api/cases").json()["cases"]]

    assert names == ["Mustermann"]


def test_fault__of_the_program_is_one_line_without_trace(root, serve, monkeypatch):
    page = serve(root)
    path = page.base

    def broken(*_):
        raise RuntimeError("Mustermann, Max")

    monkeypatch.setattr("remnant.web.case_answer.answer", broken)
    answer = page.get(path)

    assert answer.status_code == 500
    assert answer.json()["error"] == "a fault of this program (RuntimeError)"
    assert "Mustermann, Max" not in answer.text


@pytest.fixture(name="locked")
def locked_fixture(serve, ran):
    return serve(ran.parent, token=TOKEN)


def test_token__is_asked_for(locked):
    for path in ("/api/cases", "/api/cases/x", "/api/jobs/x", "/api/nothing"):
        assert refused(locked.get(path), 401, "who are you")
    for shown in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer ü"):
        headers = {"authorization": shown.encode()}
        assert locked.get("/api/cases", headers=headers).status_code == 401


def test_token__opens_by_header(locked):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert locked.get("/api/cases", headers=headers).status_code == 200


def test_token__in_the_address_opens_nothing(locked):
    assert locked.get(f"/api/cases?token={TOKEN}").status_code == 401


def test_login__gives_a_cookie_that_no_script_and_no_other_page_uses(locked):
    answer = locked.post("/api/login", {"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    session = cookie.partition(";")[0]

    assert answer.json() == {"ok": True}
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert locked.get("/api/cases", headers={"cookie": session}).status_code == 200
    assert locked.get("/api/cases", headers={"cookie": f"{session}x"}).status_code == 401


def test_login__behind_tls_the_cookie_is_secure(serve, ran):
    page = serve(ran.parent, token=TOKEN, origins=("https://review.example",))
    headers = {"origin": "https://review.example"}
    answer = page.post("/api/login", {"token": TOKEN}, headers=headers)

    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_login__needs_the_page_and_the_right_token(locked):
    assert refused(locked.post("/api/login", {"token": "x"}), 401, "not the token")
    assert refused(locked.post("/api/login", {"token": 3}), 401, "not the token")
    assert refused(locked.post("/api/login", {"token": TOKEN}, headers={"x-remnant": None}), 403,
                   "does not come from the page")  # fmt: skip


def test_login__many_wrong_tokens_are_slowed_down(locked):
    for _ in range(10):
        assert locked.post("/api/login", {"token": "x"}).status_code == 401
    assert refused(locked.post("/api/login", {"token": TOKEN}), 429, "too many wrong tokens")


def test_login__ends_after_its_time(locked, monkeypatch):
    monkeypatch.setattr("remnant.web.sessions.SESSION_SECONDS", 0.0)
    session = locked.post("/api/login", {"token": TOKEN}).headers["set-cookie"].partition(";")[0]

    assert locked.get("/api/cases", headers={"cookie": session}).status_code == 401


def test_login__where_no_token_is_needed_is_not_there(still):
    assert refused(still.post("/api/login", {"token": "x"}), 404, "asks for no token")


def test_many__eight_at_once_are_all_answered(still):
    base, case = still.base, still.case
    paths = [
        "/api/cases", base, f"{base}/volumes/image.nii.gz", f"{base}/slices/axial/9",
        f"{base}/meshes/liver.mz3", f"{base}/plans", f"{base}/volumes/lesions.nii.gz?detail=full",
    ]  # fmt: skip

    async def one(number):
        got = [await still.asked("GET", path) for path in paths]
        recipe = {"recipe": {"segments": ["V", "VI"][: 1 + number % 2], "wedges": [1 + number % 4]}}
        got.append(await still.asked("POST", f"{base}/what-if", recipe))
        return [answer.status_code for answer in got], got[-1].json()

    async def many():
        return await asyncio.gather(*(one(number) for number in range(8)))

    answers = asyncio.run(many())
    alone = {n: asyncio.run(one(n))[1]["figures"]["flr"] for n in range(4)}

    assert case
    for number, (codes, what_if) in enumerate(answers):
        assert codes == [200] * 8
        assert what_if["figures"]["flr"] == alone[number % 4]


def test_slow_case__does_not_stop_the_others(still, monkeypatch):
    import threading

    going = threading.Event()

    def slow(*_):
        assert going.wait(20)
        return {}

    monkeypatch.setattr("remnant.web.what_if.answer", slow)

    async def both():
        path = f"/api/cases/{case}/what-if"
        waiting = asyncio.ensure_future(still.asked("POST", path, RECIPE))
        others = [await still.asked("GET", f"/api/cases/{case}") for _ in range(3)]
        assert not waiting.done()
        going.set()
        return others, await waiting

    case = still.case
    others, waited = asyncio.run(both())
    assert [answer.status_code for answer in (*others, waited)] == [200] * 4
