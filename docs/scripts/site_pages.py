"""Pages of the documentation site that lie elsewhere in the repository, or follow from the code.

MkDocs calls these functions (``hooks`` in mkdocs.yml). The README is the site's first page, the
presets' cards are pages, and each package has a page of its public names.
"""

import ast
import logging
import pathlib
import posixpath
import re

LOG = logging.getLogger("mkdocs.hooks")
ROOT = pathlib.Path(__file__).parents[2]
COPIED = ("CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "CITATION.cff")
PAGES = {"README.md": "index.md", **{name: name for name in COPIED}}


def on_files(files, config):
    """Adds the pages and pictures from outside ``docs``."""
    # Imported here: the tests of the other functions do without MkDocs.
    from mkdocs.structure.files import File

    places = dict(PAGES)
    for pattern in ("models/README.md", "models/*/README.md", "models/*/*.png"):
        places |= {path: path for path in _paths(pattern)}
    for source, page in places.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for package, stub in public_packages().items():
        page = f"reference/{package.rpartition('.')[2]}.md"
        files.append(File.generated(config, page, content=_reference(package, stub)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links between folders of the repository into links between pages of the site."""
    sources = {page: source for source, page in PAGES.items()}
    place = page.file.src_uri
    source = sources.get(place) or (place if place.startswith("models/") else f"docs/{place}")

    def link(match):
        text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        # A folder's page is its card, or the table of its results.
        path = next(iter([*_paths(f"{path}/README.md"), *_paths(f"{path}/*.md"), path]))
        if path not in PAGES and not path.startswith(("docs/", "models/")):
            # The site has no page of it.
            return text
        path = PAGES.get(path, path.removeprefix("docs/"))
        path = posixpath.relpath(path, posixpath.dirname(place) or ".")
        return f"{text}({path}{anchor or ''})"

    if place == "api.md":
        markdown = _link_names(markdown)
    # Badges are pictures of another server, and the site can be read offline.
    markdown = re.sub(r"^.*https://img\.shields\.io.*\n", "", markdown, flags=re.MULTILINE)
    return re.sub(r"(!?\[[^\]]*\])\(((?!\w+:)[^)#\s]+)(#[^)\s]*)?\)", link, markdown)


def on_page_content(html, page, config, files):
    """Turns a notebook's links between files into links between pages, as MkDocs does for pages."""
    source = page.file.src_uri
    if not source.endswith(".ipynb"):
        return html

    def link(match):
        target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        file = files.get_file_from_path(path)
        if file is None:
            LOG.warning("%s links to %s, which is no page.", source, target)
            return match[0]
        return f'href="{file.url_relative_to(page.file)}{anchor or ""}"'

    return re.sub(r'href="((?!\w+:)[^"#]+\.(?:md|ipynb))(#[^"]*)?"', link, html)


def public_packages():
    """Returns the packages that api.md describes: name -> the stub of their public names."""
    found = {
        ".".join(stub.relative_to(ROOT).parent.parts): stub
        for stub in ROOT.glob("qlatent_tf/**/__init__.pyi")
    }
    api = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    return {package: stub for package, stub in found.items() if f"## `{package}`" in api}


def _paths(pattern):
    # Sorted, a table of results is ahead of its pairs, whatever the file system's order is.
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))


def _reference(package, stub):
    """Returns the page of a package: its docstring, its functions, then its classes."""
    doc = ast.get_docstring(ast.parse(stub.with_suffix(".py").read_text(encoding="utf-8")))
    addresses = _addresses(package)
    names = sorted(addresses, key=lambda name: (name[0].isupper(), name))
    return "\n\n".join([f"# `{package}`", doc, *(f"::: {addresses[n]}" for n in names)]) + "\n"


def _addresses(package):
    """Returns the modules of a package's public names: name -> `package.module.name`."""
    stub = ROOT.joinpath(*package.split("."), "__init__.pyi")
    return {
        alias.name: f"{package}.{node.module}.{alias.name}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _link_names(markdown):
    """Links the names in the tables of api.md to the pages of the reference."""
    parts = re.split(r"^## `(qlatent_tf[.\w]*)`$", markdown, flags=re.MULTILINE)
    for i in range(1, len(parts), 2):
        package, addresses = parts[i], _addresses(parts[i])
        for name, address in addresses.items():
            parts[i + 1] = parts[i + 1].replace(f"| `{name}` |", f"| [`{name}`][{address}] |")
        parts[i] = f"## [`{package}`](reference/{package.rpartition('.')[2]}.md)"
    return "".join(parts)
