"""Download backbone weights: resumable, verified by checksum, put in place atomically."""

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
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import find_weights, hub_cache, missing_weights

#: Progress is reported once per this many bytes.
REPORT_BYTES = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_GO_ON = text("What has arrived is kept; try again to go on from there")


@dataclass(frozen=True, slots=True)
class Download:
    """A file to fetch.

    Attributes:
        url: Address.
        target: Destination; `NAME.part` beside it holds the incomplete download.
        size_bytes: Exact size.
        sha256: SHA-256 in hex.
    """

    url: str
    target: Path
    size_bytes: int
    sha256: str

    @property
    def part(self) -> Path:
        """Path of the incomplete download."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def arrived_bytes(self) -> int:
        """Bytes downloaded so far."""
        return self.part.stat().st_size if self.part.exists() else 0


def download_weights(
    entry: Backbone, report: Report, cancel: CancelToken, *, url: str | None = None, trust_env: bool = True
) -> Path:
    """Download a backbone's published weights into torch's hub cache, unless they are installed.

    Args:
        entry: The backbone.
        report: Gets `Progress` in bytes.
        cancel: Checked for every chunk; a cancelled download is kept, and the next call resumes it.
        url: Another address of the same file.
        trust_env: Use the proxies of the environment.

    Returns:
        The file.

    Raises:
        WeightsMissing: the weights should have come with the program and cannot be downloaded.
        DownloadFailed: the file could not be fetched whole and unchanged.
        Cancelled: a stop was requested.
    """
    installed = find_weights(entry)
    if installed is not None:
        return installed
    address = url or entry.weights.url
    if address is None:
        raise missing_weights(entry)
    target = hub_cache() / entry.weights.filename
    wanted = Download(address, target, entry.weights.size_bytes, entry.weights.sha256)
    return download(wanted, report, cancel, stage=text("Downloading {entry}", entry=entry.title), trust_env=trust_env)


def download(
    wanted: Download,
    report: Report,
    cancel: CancelToken,
    *,
    stage: str = text("Downloading"),
    timeout_s: float = 30.0,
    trust_env: bool = True,
) -> Path:
    """Download a file, resuming an earlier call.

    Args:
        wanted: The file.
        report: Gets `Progress` in bytes.
        cancel: Checked for every chunk.
        stage: Text of the progress.
        timeout_s: Longest wait in seconds, for the connection and for each chunk.
        trust_env: Use the proxies named in the environment.

    Returns:
        The target.

    Raises:
        DownloadFailed: it could not be fetched whole and unchanged; the message gives the reason and a remedy.
        Cancelled: a stop was requested; the incomplete download is kept.
    """
    with _as_download_failures(wanted):
        _make_room(wanted)
        if wanted.arrived_bytes < wanted.size_bytes:
            with httpx.Client(timeout=timeout_s, trust_env=trust_env, follow_redirects=True) as client:
                _fetch(client, wanted, report, cancel, stage)
        report(Progress(stage, wanted.arrived_bytes, wanted.size_bytes))
        _verify(wanted)
        move_into_place(wanted.part, wanted.target)
    return wanted.target


def _make_room(wanted: Download) -> None:
    """Create the folder, delete a part that is larger than the file, and check the free space.

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
    """Append the missing bytes to the part, or start over where the server does not support ranges."""
    cancel.check()
    have_bytes = wanted.arrived_bytes
    # "identity": the sizes and the checksum are those of the file, not of a compressed form.
    headers = {"Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    with client.stream("GET", wanted.url, headers=headers) as answer:
        _check_status(answer, wanted)
        resumed = _is_resumed(answer, wanted, have_bytes)
        arrived = reported = have_bytes if resumed else 0
        with wanted.part.open("ab" if resumed else "wb") as part:
            # Chunks as they come in, not of one size: no received byte is held back.
            for chunk in answer.iter_raw():
                cancel.check()
                part.write(chunk)
                arrived += len(chunk)
                if arrived > wanted.size_bytes:
                    break
                if arrived - reported >= REPORT_BYTES:
                    report(Progress(stage, arrived, wanted.size_bytes))
                    reported = arrived


def _check_status(answer: httpx.Response, wanted: Download) -> None:
    """Raise unless the server sends the file or the rest of it.

    Raises:
        DownloadFailed: the server answers with another status.
    """
    status = answer.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _other_file(wanted)
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        why = text("{url} is not there (HTTP {status})", url=wanted.url, status=status)
        hint = text("Get the file elsewhere and install it with: flowersorter backbones --from FILE")
    elif status >= httpx.codes.INTERNAL_SERVER_ERROR:
        why, hint = text("the server has a problem (HTTP {status})", status=status), text("Try again later")
    else:
        why = text("the server refused it (HTTP {status})", status=status)
        hint = text("Check the proxy and firewall settings")
    raise DownloadFailed(text("{name} could not be fetched", name=wanted.target.name), why, hint)


def _is_resumed(answer: httpx.Response, wanted: Download, have_bytes: int) -> bool:
    """Whether the answer is the rest of the file rather than the whole file.

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
            text("{name} could not be fetched", name=wanted.target.name),
            text(
                "the server sends something else, of {announced} bytes instead of {size_bytes}",
                announced=announced,
                size_bytes=wanted.size_bytes,
            ),
            text("Check whether this network asks you to log in first"),
        )
    return False


def _other_file(wanted: Download) -> DownloadFailed:
    """Delete the part: it belongs to another version of the file than the server has."""
    wanted.part.unlink(missing_ok=True)
    return DownloadFailed(
        text("{name} could not be fetched", name=wanted.target.name),
        text("the server's file has changed since the download began"),
        text("Try again to begin anew"),
    )


def _verify(wanted: Download) -> None:
    """Check size and checksum of the download; delete a damaged one.

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
            text("{name} arrived damaged", name=wanted.target.name),
            text("its checksum is not the published one; it was removed"),
            text("Try again; if it happens twice, something between you and the server changes the file"),
        )


@contextmanager
def _as_download_failures(wanted: Download) -> Iterator[None]:
    """Turn network and disk errors into `DownloadFailed`.

    Raises:
        DownloadFailed: instead of an error of httpx or the system.
    """
    what = text("{name} could not be fetched", name=wanted.target.name)
    try:
        yield
    except httpx.TimeoutException as error:
        raise DownloadFailed(what, text("the server did not answer in time"), _GO_ON) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        hint = text("Check the internet connection, or get the file elsewhere: flowersorter backbones --from FILE")
        raise DownloadFailed(
            what, text("there is no connection to {host}", host=httpx.URL(wanted.url).host), hint
        ) from error
    except httpx.TransportError as error:
        raise _broken_off(wanted) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadFailed(
            what, text("the address {url} does not work", url=wanted.url), str(error).rstrip(".")
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(wanted) from error
        why = text(
            "{folder} cannot be written ({reason})", folder=wanted.target.parent, reason=error.strerror or str(error)
        )
        raise DownloadFailed(what, why, text("Check the folder's permissions, or set TORCH_HOME")) from error


def _broken_off(wanted: Download) -> DownloadFailed:
    why = text(
        "the connection broke off after {arrived} of {all} bytes", arrived=wanted.arrived_bytes, all=wanted.size_bytes
    )
    return DownloadFailed(text("{name} could not be fetched whole", name=wanted.target.name), why, _GO_ON)


def _disk_full(wanted: Download) -> DownloadFailed:
    missing_mb = (wanted.size_bytes - wanted.arrived_bytes) / 1e6
    return DownloadFailed(
        text("{name} does not fit on the disk", name=wanted.target.name),
        text("{parent} needs {missing_mb:.0f} MB more", parent=wanted.target.parent, missing_mb=missing_mb),
        text("Make room and try again; what has arrived is kept"),
    )
