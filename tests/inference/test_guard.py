"""The explorer's server, asked by a script on loopback for what its own page never asks."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import anyio
import pytest

from ganzoo.error import UserError
from ganzoo.inference.explore import MOST_WAITING, serve_page
from ganzoo.inference.guard import LARGEST_REQUEST, check_address
from ganzoo.inference.page import build_page
from tests.helpers.commands import run as run_command

HOST = "127.0.0.1"
GOOD = [0, 1, 1.0, "samples", 0, 0, 0]  # seed, images, truncation, what is shown, the code
CALL = "/gradio_api/call/draw"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """Where the page of an InfoGAN of the package is served."""
    assert anyio.open_file  # pytest rewrites anyio; two threads that import it at once can fail
    with socket.socket() as asked:
        asked.bind((HOST, 0))
        port = asked.getsockname()[1]
    page = build_page(["infogan-mnist"])
    serve_page(page, HOST, port, prevent_thread_lock=True, quiet=True)
    yield port
    page.close()


def ask(port, method, path, body=None, **headers):
    """Status and text of an answer."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=20)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": "application/json", **named})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")


def drawn(port, values):
    """What a call for pictures is answered by."""
    status, said = ask(port, "POST", CALL, json.dumps({"data": values}))
    assert status == 200, said
    return ask(port, "GET", f"{CALL}/{json.loads(said)['event_id']}")[1]


def put(place, value):
    return [*GOOD[:place], value, *GOOD[place + 1 :]]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        *[(put(0, value), "the seed is a number") for value in (-1, None, "x", 2**60, [1], True)],
        *[(put(1, value), "the number of images") for value in (0, 10**9, "x", None)],
        *[(put(2, value), "truncation is a number") for value in (0, 5, float("nan"), {})],
        *[(put(3, value), "samples or walks") for value in ("x", None, 3, ["samples"])],
        *[(put(4, value), "no category") for value in (-2, 10, 0.5)],
        *[(put(5, value), "is a number") for value in ("x", None, [0])],
        *[(put(6, value), "finite number") for value in (float("inf"), float("nan"))],
    ],
    ids=str,
)
def test_a_value_that_no_control_has_is_answered_by_a_sentence(values, said, port, capfd):
    answer = drawn(port, values)
    assert "event: error" in answer
    assert said in answer
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_the_controls_have_is_drawn(port):
    for values in (GOOD, put(3, "walks"), put(4, 9), put(0, 2**53)):
        assert "event: complete" in drawn(port, values)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"x", b"[]", b"{}", b"[" * 60_000, b'{"data": 3}', b'{"data": []}'),
        *(b'{"data": [0]}', b'{"fn_index": 999, "data": []}', b'{"fn_index": [0], "data": [1]}'),
        *(b'{"fn_index": -1, "session_hash": "a", "data": []}', b" " * (LARGEST_REQUEST + 1)),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("path", [CALL, "/gradio_api/call/nothing", "/gradio_api/queue/join"])
def test_a_call_of_nothing_is_answered_by_a_sentence(path, body, port, capfd):
    status, said = ask(port, "POST", path, body)
    assert status == 403
    assert said.endswith(".")
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": f"evil.example:{80}"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/config"), ("POST", CALL)])
def test_another_page_is_not_answered(method, path, headers, port):
    body = json.dumps({"data": GOOD}) if method == "POST" else None
    status, said = ask(port, method, path, body, **headers)
    assert (status, "draw" in said) == (403, False)


def test_the_page_itself_is_answered_by_its_names(port):
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        assert ask(port, "GET", "/", Host=name, Origin=f"http://{name}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file={}",
        "/gradio_api/file=/proc/self/environ",
        "/gradio_api/file=../../canary.png",
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file=HTTP://127.0.0.1:1/",
        "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/file=",
        "/gradio_api/file={}/../canary.png",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/file={}",
        "/static/../../../canary.png",
        "/static/%2e%2e/%2e%2e/app.py",
        "/assets/../../app.py",
        "/svelte/../app.py",
        "/monitoring",
        "/monitoring/summary",
    ],
)
def test_no_file_of_the_machine_is_read(path, port, tmp_path):
    (tmp_path / "canary.png").write_bytes(b"a secret of the user")
    status, said = ask(port, "GET", path.format(tmp_path / "canary.png"))
    assert status in (400, 403, 404, 405), said
    assert "secret" not in said
    assert "root:" not in said


@pytest.mark.parametrize(
    "path",
    [
        *("upload", "upload?upload_id=a", "component_server", "process_recording", "vibe-edit"),
        *("vibe-code", "stream/a", "run/draw", "api/draw", "call/v2/draw", "run-history/connect"),
    ],
)
def test_nothing_is_taken(path, port):
    boundary = "multipart/form-data; boundary=a"
    body = b'--a\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nb\r\n--a--'
    status, said = ask(port, "POST", f"/gradio_api/{path}", body, Content_Type=boundary)
    assert (status, said) == (403, "this page neither takes nor fetches files.")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "NONSENSE"])
def test_other_methods_are_refused(method, port):
    assert ask(port, method, "/")[0] in (400, 403)


def test_a_crowd_is_told_that_the_page_is_busy(port):
    def join(number):
        return ask(port, "POST", CALL, json.dumps({"data": put(1, 30)}))[0]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(join, range(4 * MOST_WAITING)))
    assert set(answers) == {200, 503}
    assert answers.count(503) > MOST_WAITING
    assert "event:" in drawn_later(port)


def drawn_later(port):
    """The first call that is let in again."""
    for _ in range(100):
        status, said = ask(port, "POST", CALL, json.dumps({"data": GOOD}))
        if status == 200:
            return ask(port, "GET", f"{CALL}/{json.loads(said)['event_id']}")[1]
    raise AssertionError(said)


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        (HOST, 70_000, "--port is 1 to 65535"),
        (HOST, -1, "--port is 1 to 65535"),
        (HOST, 0, "--port is 1 to 65535"),
        ("", 7860, "no address of this machine"),
        ("no.such.host.invalid", 7860, "no address of this machine"),
        ("192.0.2.1", 7860, "no address of this machine"),
        ("a" * 70, 7860, "no address of this machine"),
        ("\ud800", 7860, "no address of this machine"),
    ],
)
def test_an_address_that_cannot_be_is_refused_before_a_server_starts(host, port, said):
    with pytest.raises(UserError, match=said):
        check_address(host, port)


def test_the_command_refuses_it_too(capsys):
    assert run_command("explore", "dcgan-mnist", "--port", 70_000) == 1
    assert "type --port 7860" in capsys.readouterr().err
