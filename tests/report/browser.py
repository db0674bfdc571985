"""Chromium without a window, for tests of the web pages."""

import fcntl
import json
import os
import select
import subprocess
from pathlib import Path


class Browser:
    """Chromium without a window, spoken to through two pipes; what it logs is kept."""

    def __init__(self, program: str, folder: Path):
        downstream, upstream = os.pipe(), os.pipe()
        pipes = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (downstream[0], upstream[1])]
        quiet = ["background-networking", "component-update", "sync", "default-apps", "gpu"]
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe",
             f"--user-data-dir={folder}", *(f"--disable-{what}" for what in quiet)],
            close_fds=False, preexec_fn=lambda: (os.dup2(pipes[0], 3), os.dup2(pipes[1], 4)),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in (*pipes, downstream[0], upstream[1]):
            os.close(fd)
        self.commands, self.answers = downstream[1], upstream[0]
        self.session, self.buffer, self.events, self.calls = None, b"", [], 0
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters):
        """Send a command and return its result."""
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        answer = self.wait(lambda message: message.get("id") == self.calls)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def wait(self, wanted) -> dict:
        """Return the next message that is wanted; the others are kept in ``events``."""
        while True:
            while b"\0" not in self.buffer:
                ready, _, _ = select.select([self.answers], [], [], 120)
                data = os.read(self.answers, 1 << 20) if ready else b""
                assert data, "the browser says nothing"
                self.buffer += data
            message, self.buffer = self.buffer.split(b"\0", 1)
            message = json.loads(message)
            if wanted(message):
                return message
            self.events.append(message)

    def open(self, page: Path, width: int = 1400, scheme: str = "light", motion: str = "") -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self("Emulation.setDeviceMetricsOverride", **size)
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self("Page.navigate", url=page.as_uri())
        self.wait(lambda message: message.get("method") == "Page.loadEventFired")

    def complaints(self) -> list[dict]:
        """Return what the page wrote to its console, failed to load or threw."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in kinds]

    def foreign(self) -> list[str]:
        """Return the addresses that the page asked for and that are no files."""
        sent = [e["params"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        urls = [event["request"]["url"] for event in sent]
        return [url for url in urls if not url.startswith(("file:", "data:"))]

    def run(self, script: str):
        """Return what an expression is in the page."""
        answer = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self("Browser.close")
        self.process.wait(30)
        os.close(self.commands)
        os.close(self.answers)
