cask "flowersorter" do
  version "@VERSION@"
  sha256 "@MACOS_SHA256@"

  url "@MACOS_URL@"
  name "FlowerSorter"
  desc "Sorts photos into class folders, with suggestions that learn"
  homepage "@HOMEPAGE@"

  depends_on arch: :arm64
  depends_on macos: ">= :sonoma"

  app "FlowerSorter.app"
  binary "#{appdir}/FlowerSorter.app/Contents/MacOS/flowersorter-cli", target: "flowersorter"
end
