"""The names under which the program is published; a publisher sets them here (docs/packaging.md)."""

#: Of the desktop file, the icon, the metainfo, the Flatpak and the program of macOS: the address of the publisher's own
#: website in reverse, or `io.github.ACCOUNT`, and the name of the program.
APP_ID = "io.github.flowersorter.FlowerSorter"
#: Of the package for winget: the publisher and the name of the program.
WINGET_ID = "FlowerSorter.FlowerSorter"
