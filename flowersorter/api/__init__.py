"""FlowerSorter from Python: suggest classes for a folder, correct them, retrain, sort the photos.

Everything is imported from `flowersorter` itself, which costs nothing until it is used::

    from flowersorter import Collection

    with Collection.open() as collection:
        for photo in collection.label("~/Pictures/garden"):
            print(photo.path, photo.prediction)

`Collection` is a thin layer: each method runs one of the program's own workflows to its end in a thread of its own.
Ctrl+C stops it at its next safe point and comes out as `KeyboardInterrupt`; nothing is half-done. What a person should
know is raised as a `UserError` of `flowersorter.errors`, whose text is a sentence.
"""
