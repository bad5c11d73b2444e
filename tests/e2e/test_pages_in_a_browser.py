import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from tests.http_client import night_summary, service

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(service(night_summary()), lifespan="off", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def visit(address: str) -> tuple[str, list[str]]:
    """The page as the browser ends up with it, and what its console complained of."""
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --dump-dom"
    # Every name resolves to nothing, so that a request to another host shows as a complaint.
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    logging = ["--enable-logging=stderr", "--virtual-time-budget=5000"]
    done = subprocess.run(
        [str(CHROMIUM), *flags.split(), rules, *logging, address],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/", "第一医院"), ("/?lang=en", "Pooled fund"), ("/docs", "/v1/settlements:preview")],
)
def test_a_page_is_shown_without_a_complaint_of_the_browser(
    address: str, path: str, shown: str
) -> None:
    page, complaints = visit(address + path)
    assert shown in page.replace("\u200b", "")
    assert complaints == []
