"""Credit where it is due: one file that names every source, its authors, its licence and what was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from .record import Record
from .sources import Source, Words

_CHANGES = (
    "The pictures were rendered or resized, clip art was cropped to what it shows, names and keywords were cleaned."
)
_LICENCES = {
    "MIT": "https://opensource.org/license/mit",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
}


def attribution(
    sources: Sequence[Source],
    words: Sequence[Words],
    records: Sequence[Record],
    version: Callable[[Source | Words], str],
) -> str:
    """The text of ATTRIBUTION.md; `version` gives the version of a source's package."""
    counts = Counter(r.source for r in records)
    parts = ["# Attribution\n", f"{_CHANGES}\n"]
    for title, wanted in (("Pictures to learn from", True), ("Pictures for evaluation only", False)):
        chosen = [s for s in sources if s.train is wanted]
        parts += [f"## {title}\n"] if chosen else []
        parts += [_entry(s, version(s), f"{counts[s.name]} pictures", _artists(s, records)) for s in chosen]
    parts += ["## Words\n", *(_entry(w, version(w), "names and keywords", "") for w in words)]
    return "\n".join(parts)


def _entry(source: Source | Words, version: str, taken: str, artists: str) -> str:
    licence = f"[{source.licence}]({_LICENCES[source.licence]})"
    line = f"- **[{source.title}]({source.url})** by {source.author}; {licence}; "
    return f"{line}{taken} from `{source.package}` {version}.\n{artists}"


def _artists(source: Source, records: Sequence[Record]) -> str:
    """The people behind a collection's pictures, where the pictures name them."""
    names = Counter(r.author for r in records if r.source == source.name)
    named = sorted((n for n in names if n != source.author), key=str.lower)
    return f"  Pictures by {', '.join(named)}.\n" if named else ""
