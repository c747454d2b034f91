"""A language model of seven words that fits into a table, behind a fake engine: it can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sfumato.bundle.manifest import Graph, LanguageShape, Manifest
from sfumato.engine.base import Array
from sfumato.text.vocabulary import END, START, Vocabulary
from support.fake_engine import FakeEngine
from support.tiny_bundle import SHAPE, tiny_manifest

PIECES = ("[UNK]", "[CLS]", "[SEP]", "red", "blue", "cat", "ast", "##ro", "##naut", ",")
ENDS = (False, False, False, True, True, True, False, False, True, True)
JOINS = ((), (), (), (), (), (8,), (7, 8), (8,), (), ())
RED, BLUE, CAT, AST, RO, NAUT, COMMA = range(3, 10)
V, P, PLACES = len(PIECES), 2, 12
HIGH = 8.0
# What follows what, given no picture; with a picture red and blue change places.
FOLLOWS = {
    START: {RED: 2.0, BLUE: 1.0, AST: 0.5},
    RED: {CAT: 2.0, AST: 1.0},
    BLUE: {CAT: 1.0, AST: 2.0},
    CAT: {END: 3.0, COMMA: 1.0},
    AST: {RO: HIGH, END: HIGH, CAT: HIGH},
    RO: {NAUT: HIGH, END: HIGH + 2},
    NAUT: {END: 2.0, COMMA: 1.0},
    COMMA: {END: HIGH, RED: 1.0, BLUE: 1.0},
    END: {},
}


def vocabulary() -> Vocabulary:
    return Vocabulary(PIECES, ENDS, JOINS)


def words_file(folder: Path) -> Path:
    """The vocabulary as a bundle holds it."""
    path = folder / "words.tsv"
    rows = zip(PIECES, ENDS, JOINS, strict=True)
    path.write_text("".join(f"{piece}\t{int(end)}\t{' '.join(map(str, after))}\n" for piece, end, after in rows))
    return path


def scores_of(token: int, *, keep: float = 0.0) -> Array:
    """[V]: the table's row, everything unlisted far below."""
    row = np.full(V, -HIGH, np.float32)
    for following, score in FOLLOWS.get(token, {}).items():
        row[following] = score
    if keep > 0.5:
        row[[RED, BLUE]] = row[[BLUE, RED]]
    return row


def language(z_img: Array, keep_z: Array, token: Array, place: Array, past: Array) -> dict[str, Array]:
    """Answers from the table; its keys are the tokens read, and it refuses a past that was not kept."""
    for row in range(len(token)):
        read = past[row, 0, 0, 0, : place[row], 0]
        assert np.all(read[:P] == 0), "the picture's tokens are not words"
        assert place[row] <= P or read[P] == START
        assert np.all(past[row, :, :, :, place[row] :] == 0), "nothing is known of places to come"
    scores = np.stack([scores_of(int(t), keep=float(k)) for t, k in zip(token, keep_z, strict=True)])
    present = np.zeros((len(token), 1, 2, 1, 1), np.float32)
    present[:, 0, 0, 0, 0] = token
    return {"scores": scores, "present": present}


def toy_manifest(*, temperature: float = 1.0, top_p: float = 1.0, places: int = PLACES) -> Manifest:
    shape = LanguageShape(
        words="words.tsv", cache=(1, 2, 1, places, 1), picture_tokens=P, temperature=temperature, top_p=top_p
    )
    tiny = tiny_manifest()
    graphs = {**tiny.graphs, "language": Graph(file="language.xml", precision="f32")}
    return replace(tiny, graphs=graphs, language=shape)


class ToyEngine(FakeEngine):
    """A fake engine with the toy's file of words and a text tower that likes long captions."""

    def __init__(self, folder: Path, manifest: Manifest | None = None) -> None:
        towers = {"image": _image, "text": _text}
        super().__init__(toy_manifest() if manifest is None else manifest, language=language, **towers)
        self._words = words_file(folder)

    def file(self, name: str) -> Path:
        assert name == "words.tsv"
        return self._words

    def told(self) -> list[list[int]]:
        """The tokens of every call of the language model, by row."""
        return [inputs["token"].tolist() for name, inputs in self.calls if name == "language"]


def _image(picture: Array) -> dict[str, Array]:
    z = np.zeros((len(picture), SHAPE.E), np.float32)
    z[:, 0] = 1
    return {"z_img": z}


def _text(txt_tokens: Array, txt_mask: Array) -> dict[str, Array]:
    """z_txt is the nearer to every picture the more tokens a caption has."""
    angle = np.pi / (1 + txt_mask.sum(axis=1))
    z = np.zeros((len(txt_mask), SHAPE.E), np.float32)
    z[:, 0], z[:, 1] = np.cos(angle), np.sin(angle)
    return {"z_txt": z, "txt_feats": np.zeros((*txt_mask.shape, SHAPE.D), np.float32)}
