"""A real Chromium without a screen, and pages opened in it as files."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.tools import tool

GET = "apt-get install chromium chromium-driver"
WHY = "the HTML report is opened in a real browser"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
)
WIDE, NARROW = (1280, 900), (400, 800)


@dataclass
class Browser:
    """A browser with one page open."""

    driver: WebDriver
    folder: Path

    def open(self, html, *, size=WIDE, dark=False, scripts=True):
        """Open a page as a file, as a reader would."""
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8")
        self.driver.get_log("browser")  # what earlier pages said
        self.resize(size, dark=dark)
        self.cdp("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.driver.get(page.as_uri())

    def resize(self, size=WIDE, *, dark=False):
        width, height = size
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def js(self, script, *arguments):
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        [found] = self.all(selector)
        return found

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector):
        return self.js(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())",
            selector,
        )

    def press(self, *keys):
        """Press keys where the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(getattr(Keys, key, key))

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    @property
    def complaints(self):
        """What the page or its policy said on the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def work(self, script, *arguments):
        """Run a script and draw what it did; return the CPU seconds that the page took for it."""
        before = self.cpu()
        self.driver.execute_async_script(
            f"{script}; const done = arguments[arguments.length - 1];"
            "requestAnimationFrame(() => requestAnimationFrame(() => done()));",
            *arguments,
        )
        return self.cpu() - before

    def cpu(self):
        """Return the CPU seconds that the page has taken since it was opened."""
        found = self.cdp("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in found if one["name"] == "TaskDuration")


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = tool("chromium", WHY, GET)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(tool("chromedriver", WHY, GET)))
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver, tmp_path):
    yield Browser(driver, tmp_path)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    driver.execute_script("try { localStorage.clear() } catch {}")
