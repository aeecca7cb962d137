"""Fetching backbone weights: resumed where the last try broke off, checked, put in place whole or not."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from flowersorter.atomic_write import move_into_place
from flowersorter.errors import DownloadFailed
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights import find_weights, hub_cache, missing_weights

#: Progress is told once for so many bytes.
REPORT_BYTES = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_GO_ON = "What has arrived is kept; try again to go on from there"


@dataclass(frozen=True, slots=True)
class Download:
    """A file to fetch.

    Attributes:
        url: Where it is.
        target: Where it goes; beside it lies `NAME.part` while it is incomplete.
        size_bytes: Its exact size.
        sha256: Its SHA-256 in hex.
    """

    url: str
    target: Path
    size_bytes: int
    sha256: str

    @property
    def part(self) -> Path:
        """What has arrived so far."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def arrived_bytes(self) -> int:
        """How much of it is on this computer."""
        return self.part.stat().st_size if self.part.exists() else 0


def download_weights(
    entry: Backbone, report: Report, cancel: CancelToken, *, url: str | None = None, trust_env: bool = True
) -> Path:
    """Fetch a backbone's published weights into torch's hub cache; weights already here are used.

    Args:
        entry: The backbone.
        report: Gets `Progress` in bytes.
        cancel: Looked at with every piece of data; what has arrived stays, and the next call goes on from there.
        url: Another address of the same file.
        trust_env: Use the proxies named in the environment.

    Returns:
        The file.

    Raises:
        WeightsMissing: the weights should have come with the program and cannot be downloaded.
        DownloadFailed: the file could not be fetched whole and unchanged.
        Cancelled: somebody asked to stop.
    """
    there = find_weights(entry)
    if there is not None:
        return there
    address = url or entry.weights.url
    if address is None:
        raise missing_weights(entry)
    target = hub_cache() / entry.weights.filename
    wanted = Download(address, target, entry.weights.size_bytes, entry.weights.sha256)
    return download(wanted, report, cancel, stage=f"Downloading {entry.title}", trust_env=trust_env)


def download(
    wanted: Download,
    report: Report,
    cancel: CancelToken,
    *,
    stage: str = "Downloading",
    timeout_s: float = 30.0,
    trust_env: bool = True,
) -> Path:
    """Fetch a file, going on from what an earlier call left.

    Args:
        wanted: The file.
        report: Gets `Progress` in bytes.
        cancel: Looked at with every piece of data.
        stage: What the progress is called.
        timeout_s: How long to wait for the server, for the connection and for each piece of data.
        trust_env: Use the proxies named in the environment.

    Returns:
        The target.

    Raises:
        DownloadFailed: it could not be fetched whole and unchanged; says why and what to do.
        Cancelled: somebody asked to stop; what has arrived is kept.
    """
    with _told(wanted):
        _make_room(wanted)
        if wanted.arrived_bytes < wanted.size_bytes:
            with httpx.Client(timeout=timeout_s, trust_env=trust_env, follow_redirects=True) as client:
                _fetch(client, wanted, report, cancel, stage)
        report(Progress(stage, wanted.arrived_bytes, wanted.size_bytes))
        _verify(wanted)
        move_into_place(wanted.part, wanted.target)
    return wanted.target


def _make_room(wanted: Download) -> None:
    """Make the folder, drop a part that cannot be of this file, and see that the rest fits on the disk.

    Raises:
        DownloadFailed: it does not fit.
    """
    wanted.target.parent.mkdir(parents=True, exist_ok=True)
    if wanted.arrived_bytes > wanted.size_bytes:
        wanted.part.unlink()
    missing_bytes = wanted.size_bytes - wanted.arrived_bytes
    free_bytes = shutil.disk_usage(wanted.target.parent).free
    if missing_bytes > free_bytes:
        raise _disk_full(wanted)


def _fetch(client: httpx.Client, wanted: Download, report: Report, cancel: CancelToken, stage: str) -> None:
    """Append what is missing to the part, or write it anew where the server cannot go on in the middle."""
    cancel.check()
    have_bytes = wanted.arrived_bytes
    # "identity": the sizes and the checksum are those of the file, not of a compressed form.
    headers = {"Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    with client.stream("GET", wanted.url, headers=headers) as answer:
        _check_status(answer, wanted)
        resumed = _goes_on(answer, wanted, have_bytes)
        arrived = told = have_bytes if resumed else 0
        with wanted.part.open("ab" if resumed else "wb") as part:
            # Pieces as they come in, not of one size: nothing that has arrived is held back.
            for piece in answer.iter_raw():
                cancel.check()
                part.write(piece)
                arrived += len(piece)
                if arrived > wanted.size_bytes:
                    break
                if arrived - told >= REPORT_BYTES:
                    report(Progress(stage, arrived, wanted.size_bytes))
                    told = arrived


def _check_status(answer: httpx.Response, wanted: Download) -> None:
    """Raise unless the server sends the file or the rest of it.

    Raises:
        DownloadFailed: it sends something else.
    """
    status = answer.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _other_file(wanted)
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        why = f"{wanted.url} is not there (HTTP {status})"
        hint = "Get the file elsewhere and install it with: flowersorter backbones --from FILE"
    elif status >= httpx.codes.INTERNAL_SERVER_ERROR:
        why, hint = f"the server has a problem (HTTP {status})", "Try again later"
    else:
        why, hint = f"the server refused it (HTTP {status})", "Check the proxy and firewall settings"
    raise DownloadFailed(f"{wanted.target.name} could not be fetched", why, hint)


def _goes_on(answer: httpx.Response, wanted: Download, have_bytes: int) -> bool:
    """Whether the answer is the rest of the file; otherwise it is the whole file from its beginning.

    Raises:
        DownloadFailed: it is neither, such as the login page of a public network.
    """
    if answer.status_code == httpx.codes.PARTIAL_CONTENT:
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or (int(found[1]), int(found[2])) != (have_bytes, wanted.size_bytes):
            raise _other_file(wanted)
        return True
    announced = answer.headers.get("Content-Length")
    if announced is not None and int(announced) != wanted.size_bytes:
        raise DownloadFailed(
            f"{wanted.target.name} could not be fetched",
            f"the server sends something else, of {announced} bytes instead of {wanted.size_bytes}",
            "Check whether this network asks you to log in first",
        )
    return False


def _other_file(wanted: Download) -> DownloadFailed:
    """The server's file is another than the one the part is of, so the part is worth nothing."""
    wanted.part.unlink(missing_ok=True)
    return DownloadFailed(
        f"{wanted.target.name} could not be fetched",
        "the server's file has changed since the download began",
        "Try again to begin anew",
    )


def _verify(wanted: Download) -> None:
    """Check size and checksum of what has arrived; a bad part is removed.

    Raises:
        DownloadFailed: it is incomplete or not the file.
    """
    arrived = wanted.arrived_bytes
    if arrived < wanted.size_bytes:
        raise _broken_off(wanted)
    with wanted.part.open("rb") as part:
        digest = hashlib.file_digest(part, "sha256").hexdigest()
    if digest != wanted.sha256:
        wanted.part.unlink()
        raise DownloadFailed(
            f"{wanted.target.name} arrived damaged",
            "its checksum is not the published one; it was removed",
            "Try again; if it happens twice, something between you and the server changes the file",
        )


@contextmanager
def _told(wanted: Download) -> Iterator[None]:
    """Turn what the network and the disk raise into sentences.

    Raises:
        DownloadFailed: instead of an error of httpx or the system.
    """
    what = f"{wanted.target.name} could not be fetched"
    try:
        yield
    except httpx.TimeoutException as error:
        raise DownloadFailed(what, "the server did not answer in time", _GO_ON) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        hint = "Check the internet connection, or get the file elsewhere: flowersorter backbones --from FILE"
        raise DownloadFailed(what, f"there is no connection to {httpx.URL(wanted.url).host}", hint) from error
    except httpx.TransportError as error:
        raise _broken_off(wanted) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadFailed(what, f"the address {wanted.url} does not work", str(error).rstrip(".")) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(wanted) from error
        why = f"{wanted.target.parent} cannot be written ({error.strerror or error})"
        raise DownloadFailed(what, why, "Check the folder's permissions, or set TORCH_HOME") from error


def _broken_off(wanted: Download) -> DownloadFailed:
    why = f"the connection broke off after {wanted.arrived_bytes} of {wanted.size_bytes} bytes"
    return DownloadFailed(f"{wanted.target.name} could not be fetched whole", why, _GO_ON)


def _disk_full(wanted: Download) -> DownloadFailed:
    missing_mb = (wanted.size_bytes - wanted.arrived_bytes) / 1e6
    return DownloadFailed(
        f"{wanted.target.name} does not fit on the disk",
        f"{wanted.target.parent} needs {missing_mb:.0f} MB more",
        "Make room and try again; what has arrived is kept",
    )
