"""Which shards a path, a pattern or a URL means, and how one is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec
from braceexpand import braceexpand

from sfumato.errors import InputError

_WILD = re.compile(r"[*?\[]")
_ONE_SLASH = re.compile(r"^([a-z][a-z0-9+.-]+):/(?!/)(.*)$")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A tar file; `size` in bytes where listing it told, -1 otherwise."""

    url: str
    size: int = -1

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.url.rpartition("/")[2]


def open_shard(shard: Shard) -> IO[bytes]:
    """The shard, to be read from any place in it; OSError where it cannot be."""
    fs, path = fsspec.core.url_to_fs(shard.url)
    file: IO[bytes] = fs.open(path, "rb")
    return file


def find_shards(where: str | Path) -> list[Shard]:
    """The shards that are meant, in order of their names.

    `where` is a tar file, a folder (all its *.tar, at any depth) or a pattern (`data/*.tar`,
    `data/{00000..00099}.tar`), each on disk or at a URL that fsspec knows (`s3://…`, `memory://…`). Raises InputError
    when there is none, or when the kind of URL is unknown or needs a package that is missing.
    """
    text = full_url(where)
    try:
        found = [shard for pattern in _unbraced(text) for shard in _listed(pattern)]
    except ImportError as error:
        raise InputError(f"{text} needs another package to be read: {error}.") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{text} cannot be listed ({error}); check the address.") from None
    if not found:
        raise InputError(f"There are no shards at {text}; name a folder of .tar files, a pattern, or a URL.")
    return sorted(set(found), key=lambda shard: shard.url)


def full_url(where: str | Path) -> str:
    """The address as text; a URL that went through `pathlib` gets its second slash again."""
    cut = _ONE_SLASH.match(str(where))
    if cut is None:
        return str(where)
    scheme, rest = cut.groups()
    return f"{scheme}://{'/' if scheme in {'file', 'local'} else ''}{rest}"


def means_shards(where: str | Path) -> bool:
    """Whether training data at `where` are shards rather than a built data set (or nothing at all)."""
    text = full_url(where)
    if "://" in text or "{" in text or _WILD.search(text) or text.endswith(".tar"):
        return True
    folder = Path(text)
    # A build that was stopped leaves its own tar files without build.json; those are not to be learnt from yet.
    unfinished = (folder / "build.json").exists() or any(folder.glob("pictures-*.tar"))
    return folder.is_dir() and not unfinished and any(folder.rglob("*.tar"))


def _unbraced(text: str) -> list[str]:
    try:
        return list(braceexpand(text))
    except ValueError:  # an unbalanced brace is a character like others
        return [text]


def _listed(pattern: str) -> Iterator[Shard]:
    fs, path = fsspec.core.url_to_fs(pattern)
    if _WILD.search(path):
        entries = fs.glob(path, detail=True)
    elif path.endswith(".tar"):
        entries = {path: fs.info(path)}
    else:
        entries = fs.find(path, detail=True)
    for name, facts in entries.items():
        if name.endswith(".tar") and facts.get("type") == "file":
            yield Shard(url=_address(fs, name), size=int(facts.get("size") or -1))


def _address(fs: Any, path: str) -> str:
    """Local paths stay paths; elsewhere the scheme comes back."""
    address: str = fs.unstrip_protocol(path)
    return path if address.startswith(("file://", "local://")) else address
