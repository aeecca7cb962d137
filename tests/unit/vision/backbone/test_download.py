from __future__ import annotations

import dataclasses
import errno
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest

from flowersorter.errors import Cancelled, DownloadFailed, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.vision.backbone import download as module
from flowersorter.vision.backbone.download import Download, download, download_weights
from flowersorter.vision.backbone.registry import backbone
from flowersorter.vision.backbone.weights_files import find_weights, hub_cache
from tests.stuck import LIMIT_S
from tests.unit.vision.backbone.file_server import Behaviour, FileServer, closed_port

#: Enough for several steps of progress, and no round number.
DATA = np.random.default_rng(0).integers(0, 256, 10 * module.REPORT_BYTES + 12345, np.uint8).tobytes()
MIDDLE = 4 * module.REPORT_BYTES + 99


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(Behaviour(DATA)) as running:
        yield running


@pytest.fixture
def wanted(server: FileServer, tmp_path: Path) -> Download:
    return Download(server.url, tmp_path / "hub" / "weights.pth", len(DATA), hashlib.sha256(DATA).hexdigest())


def fetch(wanted: Download, timeout_s: float = LIMIT_S) -> Path:
    return download(wanted, silent, CancelToken(), timeout_s=timeout_s, trust_env=False)


def fails(wanted: Download, match: str, timeout_s: float = LIMIT_S) -> DownloadFailed:
    """Fetch, see it fail with a sentence and leave no target behind."""
    with pytest.raises(DownloadFailed, match=match) as caught:
        fetch(wanted, timeout_s)
    assert caught.value.hint, "a failed download says what to do"
    assert not wanted.target.exists()
    return caught.value


def is_there_whole(wanted: Download) -> bool:
    folder = wanted.target.parent
    return wanted.target.read_bytes() == DATA and [path.name for path in folder.iterdir()] == ["weights.pth"]


def test_a_whole_file_arrives_with_progress(wanted: Download) -> None:
    news: list[object] = []
    assert download(wanted, news.append, CancelToken(), stage="Fetching", trust_env=False) == wanted.target
    assert is_there_whole(wanted)
    steps = [step for step in news if isinstance(step, Progress)]
    assert len(steps) == len(news) > 5
    assert {(step.stage, step.total) for step in steps} == {("Fetching", len(DATA))}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == len(DATA)


def test_a_broken_connection_is_told_and_gone_on_with(server: FileServer, wanted: Download) -> None:
    server.behaviour.break_after = MIDDLE
    fails(wanted, f"broke off after {MIDDLE} of {len(DATA)} bytes.*try again to go on")
    assert wanted.part.read_bytes() == DATA[:MIDDLE]
    server.behaviour.break_after = None
    fetch(wanted)
    assert is_there_whole(wanted)
    assert [request.range for request in server.requests] == [None, f"bytes={MIDDLE}-"]
    assert server.requests[1].sent_bytes == len(DATA) - MIDDLE


def test_a_cancelled_download_is_gone_on_with(server: FileServer, wanted: Download) -> None:
    cancel = CancelToken()

    def stop_in_the_middle(news: object) -> None:
        assert isinstance(news, Progress)
        if news.done >= MIDDLE:
            cancel.cancel()

    with pytest.raises(Cancelled):
        download(wanted, stop_in_the_middle, cancel, trust_env=False)
    arrived = wanted.arrived_bytes
    assert MIDDLE <= arrived < len(DATA)
    assert not wanted.target.exists()
    fetch(wanted)
    assert is_there_whole(wanted)
    assert server.requests[1].range == f"bytes={arrived}-"
    assert server.requests[1].sent_bytes == len(DATA) - arrived


def test_a_cancelled_download_does_not_ask_at_all(server: FileServer, wanted: Download) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        download(wanted, silent, cancel, trust_env=False)
    assert server.requests == []


def test_a_server_that_cannot_go_on_sends_it_anew(server: FileServer, wanted: Download) -> None:
    server.behaviour = Behaviour(DATA, ranges=False, break_after=MIDDLE)
    fails(wanted, "broke off")
    server.behaviour.break_after = None
    fetch(wanted)
    assert is_there_whole(wanted)
    assert server.requests[1].range == f"bytes={MIDDLE}-"
    assert server.requests[1].sent_bytes == len(DATA)


def test_a_damaged_file_is_told_and_removed(server: FileServer, wanted: Download) -> None:
    server.behaviour.data = DATA[:1000] + b"?" + DATA[1001:]
    fails(wanted, "arrived damaged: its checksum")
    assert not wanted.part.exists()
    server.behaviour.data = DATA
    fetch(wanted)
    assert is_there_whole(wanted)


def test_a_part_of_another_file_never_gets_into_the_result(server: FileServer, wanted: Download) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(b"?" * MIDDLE)
    fails(wanted, "arrived damaged")
    fetch(wanted)
    assert is_there_whole(wanted)
    assert [request.range for request in server.requests] == [f"bytes={MIDDLE}-", None]


@pytest.mark.parametrize("lie", [{"total": len(DATA) + 1}, {"shift": 7}])
def test_a_rest_that_does_not_fit_is_refused(server: FileServer, wanted: Download, lie: dict[str, Any]) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA[:MIDDLE])
    server.behaviour = dataclasses.replace(server.behaviour, **lie)
    fails(wanted, "has changed since the download began.*Try again")
    assert not wanted.part.exists()


def test_a_server_with_a_shorter_file_is_told(server: FileServer, wanted: Download) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA[:MIDDLE])
    server.behaviour.data = DATA[: MIDDLE - 1]
    fails(wanted, "has changed")
    assert not wanted.part.exists()


def test_a_part_that_is_already_whole_needs_no_server(server: FileServer, wanted: Download) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA)
    fetch(wanted)
    assert is_there_whole(wanted)
    assert server.requests == []


def test_a_part_that_is_too_long_is_begun_anew(server: FileServer, wanted: Download) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA + b"more")
    fetch(wanted)
    assert is_there_whole(wanted)
    assert server.requests[0].range is None


def test_a_login_page_does_not_replace_what_has_arrived(server: FileServer, wanted: Download) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA[:MIDDLE])
    server.behaviour = Behaviour(b"<html>Welcome to the hotel</html>", ranges=False)
    fails(wanted, "sends something else, of 33 bytes.*log in")
    assert wanted.part.read_bytes() == DATA[:MIDDLE]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, "is not there .HTTP 404.*backbones --from FILE"),
        (410, "is not there .HTTP 410"),
        (403, "refused it .HTTP 403.*firewall"),
        (500, "has a problem .HTTP 500.*later"),
        (503, "has a problem .HTTP 503"),
    ],
)
def test_a_refusal_is_told(server: FileServer, wanted: Download, status: int, why: str) -> None:
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(DATA[:MIDDLE])
    server.behaviour.status = status
    fails(wanted, why)
    assert wanted.part.read_bytes() == DATA[:MIDDLE]


def test_nobody_listening_is_told(wanted: Download) -> None:
    offline = dataclasses.replace(wanted, url=f"http://127.0.0.1:{closed_port()}/weights.pth")
    fails(offline, r"no connection to 127\.0\.0\.1.*internet connection.*--from FILE")


def test_a_server_that_falls_silent_is_told_and_gone_on_with(server: FileServer, wanted: Download) -> None:
    server.behaviour.stall_after = MIDDLE
    fails(wanted, "did not answer in time", timeout_s=0.2)
    arrived = wanted.arrived_bytes
    assert DATA.startswith(wanted.part.read_bytes())
    server.behaviour.stall_after = None
    fetch(wanted)
    assert is_there_whole(wanted)
    # On a busy machine nothing may have arrived, and the server may see the first request only now.
    assert server.requests[-1].range == (f"bytes={arrived}-" if arrived else None)


def test_a_redirect_is_followed(server: FileServer, wanted: Download) -> None:
    server.behaviour.redirect = "/elsewhere.pth"
    fetch(wanted)
    assert is_there_whole(wanted)
    assert [request.path for request in server.requests] == ["/weights.pth", "/elsewhere.pth"]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/weights.pth", "weights.pth", "http://"])
def test_an_address_that_cannot_work_is_told(wanted: Download, url: str) -> None:
    fails(dataclasses.replace(wanted, url=url), "could not be fetched")


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_told_before_anything_is_fetched(
    server: FileServer, wanted: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 9, 1))
    fails(wanted, "does not fit on the disk.*Make room")
    assert server.requests == []


@pytest.mark.parametrize(
    ("number", "why"), [(errno.ENOSPC, "does not fit on the disk"), (errno.EACCES, "cannot be written")]
)
def test_a_disk_that_refuses_is_told(wanted: Download, monkeypatch: pytest.MonkeyPatch, number: int, why: str) -> None:
    def refuse(part: Path, target: Path) -> None:
        raise OSError(number, "no", str(target))

    monkeypatch.setattr(module, "move_into_place", refuse)
    fails(wanted, why)


def test_a_folder_that_cannot_be_made_is_told(wanted: Download) -> None:
    wanted.target.parent.write_bytes(b"a file where the folder should be")
    with pytest.raises(DownloadFailed, match="cannot be written"):
        fetch(wanted)


def test_proxies_of_the_environment_are_used_unless_told_otherwise(
    wanted: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DownloadFailed, match="no connection"):
        download(wanted, silent, CancelToken())
    fetch(wanted)
    assert is_there_whole(wanted)


def test_backbone_weights_land_where_torch_looks_for_them(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    entry = backbone("resnet18")
    source = dataclasses.replace(
        entry.weights, url=server.url, size_bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest()
    )
    entry = dataclasses.replace(entry, weights=source)
    news: list[object] = []
    path = download_weights(entry, news.append, CancelToken(), trust_env=False)
    assert path == hub_cache() / "resnet18-f37072fd.pth" == find_weights(entry)
    assert path.read_bytes() == DATA
    assert news[-1] == Progress("Downloading ResNet-18", len(DATA), len(DATA))
    assert download_weights(entry, news.append, CancelToken(), url="http://", trust_env=False) == path
    assert len(server.requests) == 1


def test_shipped_weights_are_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = backbone("resnet50")
    assert download_weights(entry, silent, CancelToken()) == find_weights(entry)
    monkeypatch.setattr(module, "find_weights", lambda _: None)
    with pytest.raises(WeightsMissing):
        download_weights(entry, silent, CancelToken())


@pytest.mark.parametrize(
    "error",
    [
        httpx.TooManyRedirects("too many"),
        httpx.RemoteProtocolError("odd"),
        httpx.PoolTimeout("slow"),
        httpx.UnsupportedProtocol("odd"),
        httpx.DecodingError("odd"),
        httpx.InvalidURL("odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_kind_of_httpx_error_becomes_a_sentence(
    wanted: Download, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(httpx.Client, "stream", refuse)
    fails(wanted, "could not be fetched")
