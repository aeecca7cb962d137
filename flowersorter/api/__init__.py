"""FlowerSorter from Python: predict the classes of a folder's photos, label some, retrain, sort.

Import every name from `flowersorter` itself; it loads a module when you first use it::

    from flowersorter import Collection

    with Collection.open() as collection:
        for photo in collection.predict("~/Pictures/garden"):
            print(photo.path, photo.prediction)

Each method of `Collection` runs one workflow of the program in a thread of its own and waits for it. Ctrl+C stops the
workflow at its next safe point and raises `KeyboardInterrupt`; no file is half-written. Errors are `UserError`s of
`flowersorter.errors`, each with a sentence for people.
"""
