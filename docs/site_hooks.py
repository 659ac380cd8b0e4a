"""Adds the documents outside docs/ to the site, and points links between documents at their pages.

`mkdocs.yml` names this file as a hook. A link to a file that is not published fails the build.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Page of the site: the file of the repository it shows.
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "running-benchmarks.md": "benchmarks/README.md",
    "LICENSE": "LICENSE",
    "dbt/index.html": ".docs/dbt/static_index.html",
}
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages whose sources lie outside docs/."""
    root = posixpath.dirname(config.config_file_path)
    for page, source in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=posixpath.join(root, source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Replace links between files of the repository by links between pages."""
    uri = page.file.src_uri
    folder = posixpath.dirname(PAGES.get(uri, f"docs/{uri}"))

    def replaced(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        return f"]({posixpath.relpath(_page_of(target), posixpath.dirname(uri) or '.')}"

    return _LINK.sub(replaced, markdown)


def _page_of(source: str) -> str:
    outside = {source: page for page, source in PAGES.items()}
    return outside.get(source, source.removeprefix("docs/"))
