"""Packages the bundle for macOS: a disk image with the program, signed where the environment names who signs.

FLOWERSORTER_SIGN_IDENTITY is the name of a "Developer ID Application" certificate in the keychain,
FLOWERSORTER_NOTARY_PROFILE a profile that ``xcrun notarytool store-credentials`` has stored there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from installers.product import NAME, PACKAGING, Release, run


def build_disk_image(application: Path, release: Release, work: Path, to: Path) -> Path:
    """Sign the program, make the disk image, and have it notarised.

    Raises:
        BuildError: a tool is not there, or fails.
    """
    identity = os.environ.get("FLOWERSORTER_SIGN_IDENTITY")
    profile = os.environ.get("FLOWERSORTER_NOTARY_PROFILE")
    if identity:
        entitlements = PACKAGING / "macos" / "entitlements.plist"
        signing = ["codesign", "--force", "--deep", "--options", "runtime", "--timestamp"]
        run([*signing, "--entitlements", entitlements, "--sign", identity, application])
    else:
        print("Signed by no one: FLOWERSORTER_SIGN_IDENTITY is not set.")
        # The licences came into the program after PyInstaller had sealed it, and macOS opens none with a broken seal.
        run(["codesign", "--force", "--deep", "--sign", "-", application])
    folder = work / "dmg"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run(["ditto", application, folder / application.name])
    (folder / "Applications").symlink_to("/Applications")
    image = to / f"{release.file_stem}.dmg"
    run(["hdiutil", "create", "-volname", NAME, "-srcfolder", folder, "-format", "ULMO", "-ov", image])
    if identity:
        run(["codesign", "--sign", identity, "--timestamp", image])
    if identity and profile:
        run(["xcrun", "notarytool", "submit", image, "--keychain-profile", profile, "--wait"])
        run(["xcrun", "stapler", "staple", image])
    else:
        print("Not notarised: FLOWERSORTER_SIGN_IDENTITY and FLOWERSORTER_NOTARY_PROFILE are not both set.")
    return image
