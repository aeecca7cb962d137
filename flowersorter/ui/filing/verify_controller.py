"""Verify: reads every sorted photo in the background, and shows the files that are not as they were sorted."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from flowersorter.jobs import CancelToken, Report
from flowersorter.library.tables.settings import VERIFY_RATE_MB
from flowersorter.ui.filing.verify_dialog import VerifyDialog, read_earlier
from flowersorter.ui.filing.verify_start_dialog import VerifyStartDialog
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.filing.verify import VerifyRequest, VerifyResult, verify


class VerifyController(QObject):
    """Runs the verification and shows its dialog."""

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._job_id = 0
        self._result: VerifyResult | None = None

    @Slot()
    def start(self) -> None:
        """Ask how fast to read, unless it is under way, then verify every sort."""
        if self._session.queue.alive(self._job_id):
            return
        dialog = VerifyStartDialog(self._session.state.setting(VERIFY_RATE_MB), self._front.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.confirmed.connect(self._begin)
        dialog.open()

    @Slot(int)
    def _begin(self, rate_mb: int) -> None:
        """Verify; other jobs preempt this one, which then continues where it stopped."""
        self._session.state.set_setting(VERIFY_RATE_MB, rate_mb)
        request = VerifyRequest(bytes_per_s=rate_mb * 1e6 or None)

        def run(report: Report, cancel: CancelToken) -> object:
            return verify(self._session.engine, request, report, cancel)

        self._job_id = self._session.queue.submit(
            self.tr("Verifying sorted photos"), run, Listener(succeeded=self._on_verified), background=True
        )

    def _on_verified(self, result: object) -> None:
        assert isinstance(result, VerifyResult)
        self._result = result
        if result.changed or result.not_reached:
            self._front.bar.say(self.tr("Not all sorted photos are as they were."), (self.tr("Show"), self._show))
            self._show()
        elif result.photos:
            said = self.tr("{0} verified: all as they were sorted.").format(count_photos(result.photos))
            self._front.bar.say(" ".join(filter(None, (said, read_earlier(result)))))
        else:
            self._front.bar.say(self.tr("There is no sort to verify."))

    def _show(self) -> None:
        assert self._result is not None
        dialog = VerifyDialog(self._result, self._front.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.show()
