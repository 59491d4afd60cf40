"""A post under a storm, seen in Chromium: ``python -m tests.benchmarks.storm FOLDER [SOCKETS]``.

Thousands of sockets watch one post that everybody comments and likes at once, and a phone and a desktop look at its
page. Prints what the page did meanwhile (how far things jumped, how long it was busy) and whether its figures are
right in the end; the screenshots are written to FOLDER.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.benchmarks import sides
from tests.benchmarks.process import ROOT, open_files
from tests.benchmarks.sides import HOST, Product

SECONDS = 12
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
WATCH = """() => {
  window.calm = { shifts: 0, busiest: 0, busy: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.calm.shifts += entry.value; }))
    .observe({ type: "layout-shift" });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    window.calm.busy += entry.duration; window.calm.busiest = Math.max(window.calm.busiest, entry.duration); }))
    .observe({ type: "longtask" });
}"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    from tests.benchmarks.__main__ import standing

    folder, sockets = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    open_files()
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dj-storm-")))
        environment = stack.enter_context(standing(own))
        sides.sign_in(environment, sockets + 10, own / "cookies")
        *others, looks = (own / "cookies").read_text(encoding="utf-8").split("\n")
        (own / "cookies").write_text("\n".join(others), encoding="utf-8")
        server = Product(stack, environment, own / "cookies")
        post = server.publisher.ask('{"do": "post"}')["id"]
        server.topic = f"post:{post}"
        reader = server.reader(stack, sockets)
        print(reader.ask("open 300"))
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        name, _, value = looks.partition("=")
        pages: dict[str, Any] = {}
        for kind, how in (("phone", PHONE), ("desktop", DESK)):
            context = browser.new_context(locale="zh-CN", **how)
            context.add_cookies([{"name": name, "value": value, "url": f"http://{HOST}:{server.port}"}])
            page = context.new_page()
            page.goto(f"http://{HOST}:{server.port}/posts/{post}/")
            page.wait_for_timeout(3000)
            page.evaluate(WATCH)
            page.screenshot(path=folder / f"{kind}-post-before.png")
            pages[kind] = page
        answer: list[Any] = []
        order = json.dumps({"do": "storm", "post": post, "seconds": SECONDS})
        storm = threading.Thread(target=lambda: answer.append(server.publisher.ask(order)))
        storm.start()
        time.sleep(SECONDS / 2)
        for kind, page in pages.items():
            page.screenshot(path=folder / f"{kind}-post-storm.png")
        storm.join()
        for kind, page in pages.items():
            page.wait_for_timeout(3000)
            print(kind, page.evaluate("window.calm"), answer[0])
            page.screenshot(path=folder / f"{kind}-post-after.png")
            print(page.locator("main").inner_text()[:300])
        print(reader.ask("gauges"))
        browser.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "platform"))
    main()
