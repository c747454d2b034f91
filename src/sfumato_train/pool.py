"""Weights that several graphs of a bundle share are stored once.

A prior is two graphs over one network (prefix and step), a language model may be too; OpenVINO would write the weights
beside each. A graph's constants are (offset, size) pairs into its .bin, so one file can serve several graphs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # the files are the exporter's own, written a moment ago

from sfumato.bundle.manifest import Graph

ALIGNMENT = 64
WORTH = 1 << 16  # bytes in common from which two graphs are put together


def pool(folder: Path, entries: Mapping[str, Graph]) -> dict[str, Graph]:
    """The entries, those that share weights now pointing to the first one's .bin; the other .bin files are removed."""
    pooled = dict(entries)
    for first, *others in groups(folder, entries):
        if others:
            _merge(folder, [entries[name] for name in (first, *others)])
            pooled |= {name: replace(entries[name], weights_of=entries[first].file) for name in others}
    return pooled


def groups(folder: Path, entries: Mapping[str, Graph]) -> list[list[str]]:
    """The graphs' names, those with at least WORTH bytes of equal constants together, in the order of `entries`."""
    blobs = {name: _large_constants(folder, entry) for name, entry in entries.items()}
    found: list[list[str]] = []
    for name, own in blobs.items():
        home = next((group for group in found if _common(own, blobs[group[0]]) >= WORTH), None)
        if home is None:
            found.append([name])
        else:
            home.append(name)
    return found


def _common(one: set[bytes], other: set[bytes]) -> int:
    return sum(map(len, one & other))


def _large_constants(folder: Path, entry: Graph) -> set[bytes]:
    """Scales and shapes that happen to be equal are no reason; matrices are."""
    constants = _constants(ElementTree.parse(folder / entry.file), (folder / entry.weights).read_bytes())
    return {blob for _, blob in constants if len(blob) >= 1024}


def _constants(tree: Any, weights: bytes) -> Iterator[tuple[Any, bytes]]:
    """Every constant's element, and its bytes."""
    for data in tree.iter("data"):
        if "offset" in data.attrib and "size" in data.attrib:
            start, size = int(data.get("offset")), int(data.get("size"))
            yield data, weights[start : start + size]


def _merge(folder: Path, graphs: Sequence[Graph]) -> None:
    """One .bin under the first graph's name; the .xml files get new offsets."""
    places: dict[bytes, int] = {}
    pile = bytearray()
    for graph in graphs:
        tree = ElementTree.parse(folder / graph.file)
        for data, blob in _constants(tree, (folder / graph.weights).read_bytes()):
            if blob not in places:
                pile += bytes(-len(pile) % ALIGNMENT)
                places[blob] = len(pile)
                pile += blob
            data.set("offset", str(places[blob]))
        tree.write(folder / graph.file, encoding="utf-8", xml_declaration=True)
        (folder / graph.weights).unlink()
    (folder / graphs[0].weights).write_bytes(pile)
