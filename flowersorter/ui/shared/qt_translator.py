"""Gives Qt the program's translations, so that `tr` and the engine's messages share one catalogue."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from flowersorter.messages import Translations


class CatalogTranslator(QTranslator):
    """Looks up the texts of `tr` in gettext translations.

    Args:
        translations: Of the person's language.
        parent: Owns the translator.
    """

    def __init__(self, translations: Translations, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._translations = translations

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        """Return False: Qt does not ask an empty translator."""
        return False

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str:  # noqa: N803
        """Return the translation; the text itself if there is none, because Qt would show an empty text."""
        del context, disambiguation, n  # a text has one translation in every context
        return self._translations.gettext(sourceText)


def install_translator(application: QCoreApplication, translations: Translations, language: str) -> None:
    """Show the texts of the window and of Qt itself, numbers and dates in the language of the translations."""
    locale = QLocale(language)
    if QLocale().language() != locale.language():  # else the system's locale, which includes the country
        QLocale.setDefault(locale)
    application.installTranslator(CatalogTranslator(translations, application))
    of_qt = QTranslator(application)
    if of_qt.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(of_qt)  # Qt asks the last one first
