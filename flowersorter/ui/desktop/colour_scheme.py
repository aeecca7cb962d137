"""Shows the window light or dark as the person or the system wants, with text that can be read in both."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from flowersorter.library.files.personal_settings import DARK, LIGHT, SYSTEM
from flowersorter.ui.shared import theme

_SCHEMES = {LIGHT: Qt.ColorScheme.Light, DARK: Qt.ColorScheme.Dark, SYSTEM: Qt.ColorScheme.Unknown}
_BUTTON, _WINDOW, _TEXT = "#3a3a3a", "#2b2b2b", "#f0f0f0"
#: A dark palette, for desktops on which Qt has none.
_DARK = {
    QPalette.ColorRole.WindowText: _TEXT,
    QPalette.ColorRole.Text: _TEXT,
    QPalette.ColorRole.ButtonText: _TEXT,
    QPalette.ColorRole.ToolTipText: _TEXT,
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Base: "#1f1f1f",
    QPalette.ColorRole.AlternateBase: "#272727",
    QPalette.ColorRole.ToolTipBase: _BUTTON,
    QPalette.ColorRole.Highlight: "#308cc6",
    QPalette.ColorRole.HighlightedText: "#ffffff",
}
_DISABLED = "#808080"


class ColourScheme(QObject):
    """Sets the palette of the program, now and whenever the system turns dark or light. Lives in the GUI thread.

    Args:
        application: Owns it.
    """

    def __init__(self, application: QGuiApplication) -> None:
        super().__init__(application)
        self.setObjectName("colour_scheme")
        self._chosen = SYSTEM
        self._hints = application.styleHints()
        # The signal comes before the system's new palette does.
        self._hints.colorSchemeChanged.connect(lambda _scheme: QTimer.singleShot(0, self._mix))
        self._mix()

    @classmethod
    def of(cls, application: QGuiApplication) -> ColourScheme:
        """Return that of an application; made if there is none."""
        return application.findChild(cls) or cls(application)

    @property
    def chosen(self) -> str:
        """`LIGHT`, `DARK` or `SYSTEM`."""
        return self._chosen

    def choose(self, colours: str) -> None:
        """Show these colours: `LIGHT`, `DARK` or `SYSTEM`."""
        if colours == self._chosen:
            return
        self._chosen = colours
        QGuiApplication.setPalette(QPalette())  # only the system's is left
        self._hints.setColorScheme(_SCHEMES[colours])
        self._mix()

    @Slot()
    def _mix(self) -> None:
        """Use the system's palette if it is as chosen, else one of the program."""
        palette = QGuiApplication.palette()
        if self._chosen and theme.is_dark(palette) != (self._chosen == DARK):
            palette = _dark() if self._chosen == DARK else QApplication.style().standardPalette()
        QGuiApplication.setPalette(theme.readable(palette))


def _dark() -> QPalette:
    palette = QPalette(QColor(_BUTTON), QColor(_WINDOW))
    for role, colour in _DARK.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED))
    return palette
