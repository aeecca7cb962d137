"""Settings of the handbook for Sphinx; `python packaging/build_handbook.py` builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import flowersorter

project = "FlowerSorter"
version = release = flowersorter.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nitpicky = True  # a class that a docstring names and no page describes fails the build

myst_heading_anchors = 4  # the headings are targets of links, as GitHub makes them
suppress_warnings = ["myst.header"]  # json.md and others begin their sections where they like

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
default_role = "py:obj"  # `name` in a docstring is a name of Python
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_]+"),  # parameters and keys, which have no place of their own
    ("py:class", r"(collections\.abc|datetime|os|pathlib|typing)\..*"),  # Python's own pages are not here, offline
    # In signatures: types that the text describes, and those of objects that only the program makes.
    ("py:class", r"flowersorter\.(api\.photo_source|messages|workflows)\..*|AnyPhoto|CheckedSample|Engine"),
]

html_theme = "furo"
html_title = f"FlowerSorter {version}"
html_show_copyright = html_show_sphinx = html_show_sourcelink = html_copy_source = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
