"""The page: a slider is moved, and the picture changes."""

import shutil
import socket
from urllib.parse import urlparse

import anyio
import pytest
from gradio_client import Client
from PIL import Image
from playwright.sync_api import sync_playwright

from ganzoo.error import UserError
from ganzoo.inference.explore import serve_page
from ganzoo.inference.page import build_page

HOST = "127.0.0.1"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


def free_port():
    with socket.socket() as asked:
        asked.bind((HOST, 0))
        return asked.getsockname()[1]


@pytest.fixture
def served(run):
    """The address of the page of an InfoGAN whose run is still going on."""
    assert anyio.open_file  # pytest rewrites anyio; two threads that import it at once can fail
    folder, _ = run("model=infogan")
    (folder / "csv").mkdir()
    rows = ["step,images,generator/non_saturating,val/fid_digits", "1,8,0.7,", "2,16,0.6,50"]
    (folder / "csv/metrics.csv").write_text("\n".join(rows) + "\n")
    blocks = build_page([folder])
    yield serve_page(blocks, HOST, free_port(), prevent_thread_lock=True, quiet=True)
    blocks.close()


def test_a_code_that_is_set_changes_the_picture(served):
    client = Client(served, verbose=False)
    pictures = [
        Image.open(client.predict(0, 4, 1.0, "samples", 0, 0, code, api_name="/draw")).convert("L")
        for code in (-2, -2, 2)
    ]
    first, same, other = (list(each.getdata()) for each in pictures)
    assert first == same
    assert first != other
    walks = client.predict(0, 4, 1.0, "walks", 0, 0, 0, api_name="/draw")
    width, height = Image.open(walks).size
    assert round(width / height) == 2  # 4 walks of 8 pictures


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_in_a_browser_a_slider_moves_and_nothing_leaves_the_machine(served):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        tab = browser.new_page()
        asked = []
        tab.on("request", lambda request: asked.append(urlparse(request.url)))
        tab.goto(served)
        grid = tab.locator("[id^=pictures] img")
        grid.wait_for(timeout=60_000)
        before = grid.get_attribute("src")
        slider = tab.get_by_label("range slider for code 1")
        slider.focus()
        slider.press("End")
        tab.wait_for_function(
            "before => document.querySelector('[id^=pictures] img').src != before",
            arg=before,
            timeout=60_000,
        )
        assert tab.get_by_text("curves of").count() == 1
        assert tab.get_by_role("heading", name="ganzoo", exact=True).count() == 1
        seed = tab.get_by_label("seed")
        assert seed.input_value() == "0"
        tab.get_by_role("button", name="new noise").click()
        tab.wait_for_function("document.querySelector('input[type=number]').value != '0'")
        browser.close()
    assert {each.hostname for each in asked if each.scheme.startswith("http")} == {HOST}


def test_a_port_in_use_is_named(run):
    folder, _ = run("model=dcgan")
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .* is in use: type --port {port + 1}"):
            serve_page(build_page([folder]), HOST, port, prevent_thread_lock=True, quiet=True)


def test_a_run_without_a_checkpoint_shows_its_curves_and_nothing_else_is_let_pass(tmp_path):
    (tmp_path / "run/csv").mkdir(parents=True)
    (tmp_path / "run/csv/metrics.csv").write_text("step,images\n")
    shown = [getattr(each, "value", "") for each in build_page([tmp_path / "run"]).blocks.values()]
    assert any(str(each).startswith("curves of") for each in shown)
    with pytest.raises(UserError, match="neither a checkpoint nor a run's folder"):
        build_page([tmp_path / "nowhere"])
