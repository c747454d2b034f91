"""Pictures described and prompts suggested, against the nearest of all training captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sfumato.picture.files import write
from sfumato.pipeline.describe import BEAMS, best, candidates
from sfumato.pipeline.model import Model, load_model
from sfumato.pipeline.speech import read_vocabulary
from sfumato.pipeline.watch import SILENT, Watch
from sfumato_train.data.aliases import ALIASES
from sfumato_train.data.captions import spoken_name
from sfumato_train.data.stream import StreamConfig, TrainingStream

from . import choose
from .arrays import Floats, to_floats
from .bench import Bench
from .perplexity import perplexity
from .report import Scores, named
from .retrieval import recall, same
from .sheets import Cell, save, sheet
from .suggestions import suggestions
from .wording import content, f1, names_it, plain

SPLITS = ("heldout_pair", "heldout_concept")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Held-out pictures [N,4,64,64] with their embeddings [N,E], concepts, and the names that would be right; the
    concepts [C] that a caption is told apart from, with their captions' embeddings [C,E].
    """

    pictures: Floats
    z_img: Floats
    concepts: list[str]
    names: list[list[list[str]]]
    among: list[str]
    z_among: Floats


def measure_captions(bench: Bench) -> Scores:
    """Both held-out lists described by the model, by its likeliest caption alone and by retrieval; suggestions.

    Nothing for a model that has no language model.
    """
    if bench.engine.manifest.language is None:
        return {}
    model, scores = load_model(bench.engine), Scores()
    corpus = list(dict.fromkeys(choose.concept_caption(bench.store.records[int(i)]) for i in bench.store.select()))
    z_corpus = bench.clip.captions(corpus, tick=bench.tick("training captions"))
    for split in SPLITS:
        shown = _pictures(bench, split)
        said = described(bench, model, shown, split)
        said["retrieval"] = [corpus[int(i)] for i in np.argmax(shown.z_img @ z_corpus.T, axis=1)]
        said["control"] = _shuffled(bench, said["language"])
        for system, captions in said.items():
            scores |= named(f"captions.{split}.{system}", judged(bench, shown, captions))
        scores |= named(f"captions.{split}", foreseen(bench, model, split))
        _show(bench, split, shown, said)
    return scores | named("captions.suggestions", suggestions(bench, model, corpus))


def described(bench: Bench, model: Model, shown: Pictures, split: str) -> dict[str, list[str]]:
    """The first description of each picture, and the likeliest caption, which was not compared with the picture."""
    vocabulary, tick = read_vocabulary(model.engine), bench.tick(f"describing {split}")
    said: dict[str, list[str]] = {"language": [], "likeliest": []}
    for k, z_img in enumerate(shown.z_img):
        texts = candidates(model, vocabulary, z_img[None], count=BEAMS, watch=Watch(SILENT))
        said["likeliest"].append(max(texts, key=lambda text: texts[text].likelihood))
        said["language"].append(best(model, z_img[None], texts, watch=Watch(SILENT))[0].text)
        tick(k + 1, len(shown.z_img))
    return said


def judged(bench: Bench, shown: Pictures, captions: Sequence[str]) -> Mapping[str, float]:
    """named: share with all words of a right name. f1: with the nearest name. top1, top5: whether the caption's own
    embedding finds the concept among `candidates`. similarity: cosine of picture and caption.
    """
    styles = {record.style for record in bench.store.records}
    words = [content(caption, styles) for caption in captions]
    pairs = list(zip(words, shown.names, strict=True))
    z_txt = bench.clip.captions(captions)
    found = recall(z_txt @ shown.z_among.T, same(shown.concepts, shown.among))
    return {
        "named": float(np.mean([names_it(*pair) for pair in pairs])),
        "f1": float(np.mean([max(f1(said, name) for name in names) for said, names in pairs])),
        "top1": found.top1,
        "top5": found.top5,
        "candidates": found.candidates,
        "similarity": float(np.mean(np.sum(z_txt * shown.z_img, axis=1))),
        "distinct": len({plain(caption) for caption in captions}) / len(captions),
        "words": float(np.mean([len(caption.split()) for caption in captions])),
    }


def foreseen(bench: Bench, model: Model, split: str) -> Mapping[str, float]:
    """Perplexity a token of captions of the split as training would draw them, with and without their pictures."""
    stream = TrainingStream(bench.store, StreamConfig(), seed=bench.config.seed, split=split)
    batch = stream.batch(0, bench.config.prompts)
    z_img = bench.clip.pictures(to_floats(batch.pictures))
    return {
        "perplexity": perplexity(model.engine, model.tokenizer, batch.captions, z_img),
        "perplexity_blind": perplexity(model.engine, model.tokenizer, batch.captions, None),
    }


def _pictures(bench: Bench, split: str) -> Pictures:
    rng = choose.generator(bench.config.seed, choose.DESCRIBED)
    indices = choose.some(rng, choose.split_pictures(bench.store, split), bench.config.prompts)
    records = [bench.store.records[int(i)] for i in indices]
    names = [[spoken_name(record), *ALIASES.get(record.concept, ())] for record in records]
    pictures, among = bench.smalls(indices), _among(bench, indices)
    return Pictures(
        pictures=pictures,
        z_img=bench.clip.pictures(pictures),
        concepts=bench.concepts(indices),
        names=[[content(name) for name in each] for each in names],
        among=list(among),
        z_among=bench.clip.captions(list(among.values())),
    )


def _among(bench: Bench, indices: choose.Indices) -> dict[str, str]:
    """Concepts with their captions: those of the pictures, filled up with other training concepts."""
    records, config = bench.store.records, bench.config
    own = {records[int(i)].concept: choose.concept_caption(records[int(i)]) for i in indices}
    firsts = choose.first_of_concepts(bench.store, choose.split_pictures(bench.store, "train"))
    others = [i for concept, i in firsts.items() if concept not in own]
    chosen = choose.some(choose.generator(config.seed, choose.CAPTIONS), others, max(0, config.captions - len(own)))
    return own | {records[int(i)].concept: choose.concept_caption(records[int(i)]) for i in chosen}


def _shuffled(bench: Bench, captions: Sequence[str]) -> list[str]:
    order = choose.generator(bench.config.seed, choose.CONTROL).permutation(len(captions))
    return [captions[int(i)] for i in order]


def _show(bench: Bench, split: str, shown: Pictures, said: Mapping[str, Sequence[str]]) -> None:
    """Each picture over its description, green where it names the concept; a line each in a text file."""
    styles = {record.style for record in bench.store.records}
    right = [names_it(content(text, styles), names) for text, names in zip(said["language"], shown.names, strict=True)]
    trio = list(zip(shown.pictures, said["language"], right, strict=True))[: bench.config.sheet]
    save(bench.out / f"described-{split}.png", sheet([Cell(picture=p, text=t, good=g) for p, t, g in trio], columns=8))
    rows = zip(shown.concepts, said["language"], said["likeliest"], said["retrieval"], strict=True)
    lines = ["| true | described | likeliest alone | nearest training caption |", "|---|---|---|---|"]
    text = "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    write(bench.out / f"described-{split}.md", text.encode())
