"""The report's page in a real browser."""

import shutil

import pytest

from ganzoo.report.page import write_report
from tests.helpers.runs import write_run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engines:
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        try:
            browser = engines.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"there is no Chromium here: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        for model, score in {"gan": 100.0, "wgan": 20.0, "dcgan": 3.0}.items():
            write_run(folder / f"{model}{seed}", (200.0, score + seed), model=model, seed=seed)
    long = ["loss=[wasserstein,gradient_penalty]", "optimizer.discriminator.lr=0.0002"]
    write_run(folder / "ring", model="dcgan", data="Ring", words=long)
    return write_report([folder], folder)


@pytest.fixture
def page(browser, page_path):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url))
    page.goto(page_path.as_uri())
    yield page
    page.close()
    asked = [each for each in problems if not each.startswith(("data:", "file:"))]
    assert not asked  # nothing is loaded from elsewhere, and no script fails


def column(page, number):
    rows = page.locator("table").first.locator("tbody tr:visible")
    return [row.locator("td").nth(number).inner_text() for row in rows.all()]


def test_a_click_sorts_by_number_and_another_turns_it_round(page):
    assert column(page, 0) == ["DCGAN", "WGAN", "GAN"]
    mean = page.get_by_role("columnheader", name="mean").first
    mean.click()
    assert column(page, 2) == ["4", "21", "101"]
    assert mean.get_attribute("aria-sort") == "ascending"
    mean.click()
    assert column(page, 2) == ["101", "21", "4"]  # as words 101 would stand before 21 both ways
    page.get_by_role("columnheader", name="variant").first.press("Enter")
    assert column(page, 0) == ["DCGAN", "GAN", "WGAN"]


def test_typing_filters_the_rows_of_its_own_table(page):
    page.get_by_label("Filter the table").first.fill("wg")
    assert column(page, 0) == ["WGAN"]
    assert page.locator("table").nth(1).locator("tbody tr:visible").count() == 1
    page.get_by_label("Filter the table").first.fill("")
    assert len(column(page, 0)) == 3


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen_and_every_picture_is_shown(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    pictures = page.locator("img")
    assert pictures.count() == 2 * 4 + 4  # plots of two boards, a grid of each variant
    for picture in pictures.all():
        assert picture.evaluate("each => each.complete && each.naturalWidth > 0")
        assert picture.bounding_box()["width"] >= 0.6 * min(width, 400)


def test_a_click_enlarges_a_picture_and_another_puts_it_back(page):
    picture = page.locator("img").first
    before = picture.bounding_box()
    picture.click()
    assert picture.bounding_box()["width"] > 1.5 * before["width"]
    picture.click()
    assert picture.bounding_box() == before


def test_it_prints_on_paper_without_cutting_the_table(page):
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins, at 96 dpi
    for table in page.locator(".wide").all():
        assert table.evaluate("each => each.scrollWidth <= each.clientWidth + 1")
    assert not page.get_by_label("Filter the table").first.is_visible()
