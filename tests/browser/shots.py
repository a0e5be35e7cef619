"""Pictures of pages, for looking at them: python -m tests.browser.shots /counter/ --user clerk --dark --size phone

Needs a running server (--base) with the demo's sign-ins. Prints where each picture went.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

SIZES = {"desktop": (1280, 860), "tablet": (1024, 768), "phone": (360, 760)}


def chromium() -> str | None:
    """$CHROMIUM, else the system's; None leaves it to Playwright's own download."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", help="addresses below the base")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--user", default="", help="a demo sign-in; empty: a stranger")
    parser.add_argument("--password", default="regulars")
    parser.add_argument("--size", choices=[*SIZES, "all"], default="desktop")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--language", default="en")
    parser.add_argument("--type", default="", help="text to type where the cursor is")
    parser.add_argument("--click", action="append", default=[], help="selectors to click, in order")
    parser.add_argument("--full", action="store_true", help="the whole page, not the first screen")
    parser.add_argument("--out", type=Path, default=Path("/tmp/shots"))
    return parser.parse_args()


def main() -> int:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for size in SIZES if args.size == "all" else [args.size]:
            faults += take(browser, args, size)
    for fault in faults:
        print("!", fault, file=sys.stderr)
    return 1 if faults else 0


def take(browser: Browser, args: argparse.Namespace, size: str) -> list[str]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=size != "desktop",
        locale=args.language,
        color_scheme="dark" if args.dark else "light",
    )
    context.add_cookies([{"name": "django_language", "value": args.language, "url": args.base}])
    page = context.new_page()
    faults: list[str] = []
    page.on(
        "console", lambda said: faults.append(f"{page.url}: {said.text}") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    if args.user:
        sign_in(page, args)
    for path in args.paths:
        page.goto(args.base + path)
        for selector in args.click:
            page.locator(selector).first.click()
        if args.type:
            page.keyboard.type(args.type)
        page.wait_for_timeout(700)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            faults.append(f"{path} at {size}: {wide} px wider than the screen")
        name = "-".join(
            filter(
                None,
                [
                    path.strip("/").replace("/", "_").split("?")[0] or "home",
                    args.user,
                    size,
                    "dark" * args.dark,
                    args.language * (args.language != "en"),
                ],
            )
        )
        page.screenshot(path=args.out / f"{name}.png", full_page=args.full)
        print(args.out / f"{name}.png")
    context.close()
    return faults


def sign_in(page: Page, args: argparse.Namespace) -> None:
    page.goto(f"{args.base}/accounts/login/")
    page.fill("[name=login]", args.user)
    page.fill("[name=password]", args.password)
    page.click("main button[type=submit], main button:not([type])")
    page.wait_for_load_state()


if __name__ == "__main__":
    sys.exit(main())
