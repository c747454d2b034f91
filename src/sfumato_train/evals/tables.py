"""The page of tables: few columns each, one question a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .composition.wanted import TASKS
from .markdown import ranked, table
from .report import MISSING, Cell, Scores, pair, percent, recall, with_bounds
from .standing import Standing

COMPOSITION: Mapping[str, Cell] = {
    "all": with_bounds("composition"),
    **{task: percent(f"composition.{task}.score") for task in TASKS},
}
REALISM: Mapping[str, Cell] = {
    "KID": lambda scores: kid(scores, "realism.drawn"),
    "precision / recall": pair("realism.drawn.precision", "realism.drawn.recall", ".2f"),
    "KID of other real pictures": lambda scores: kid(scores, "realism.again"),
    "KID of unseen art": lambda scores: kid(scores, "realism.unseen"),
    "distance of seeds, drawn / real": pair("diversity.drawn.distance", "diversity.real.distance", ".2f"),
    "Vendi score, drawn / real": pair("diversity.drawn.vendi", "diversity.real.vendi", ".2f"),
}
UNDERSTANDING: Mapping[str, Cell] = {
    "unseen concepts, picture→text": recall("retrieval.heldout_concept.picture_to_text"),
    "text→picture": recall("retrieval.heldout_concept.text_to_picture"),
    "unseen styles, picture→text": recall("retrieval.heldout_pair.picture_to_text"),
    "text→picture ": recall("retrieval.heldout_pair.text_to_picture"),
}
ZERO_SHOT: Mapping[str, Cell] = {
    name: pair(f"zero_shot.{which}.of_10", f"zero_shot.{which}.of_100", ".1%")
    for which, name in (
        ("unseen_pair", "unseen pairs"),
        ("unseen_style", "unseen styles"),
        ("unseen_concept", "unseen concepts"),
    )
}
RECOGNISED: Mapping[str, Cell] = {
    f"{system}, {name}": recall(f"drawing.{which}.{system}")
    for which, name in (("seen", "seen concepts"), ("pairs", "unseen pairs"))
    for system in ("unclip", "glide", "real")
}
MEMORY: Mapping[str, Cell] = {
    "through z_img, cosine own / other": pair("reconstruction.own", "reconstruction.other", ".3f"),
    "distance to training, drawn ÷ new: CLIP / pixels": pair(
        "neighbours.embedding.ratio", "neighbours.pixels.ratio", ".2f"
    ),
    "nearer than 95 % of new ones: CLIP / pixels": pair(
        "neighbours.embedding.copies", "neighbours.pixels.copies", ".3f"
    ),
}
EDITING: Mapping[str, Cell] = {
    "kept bit for bit": percent("editing.kept"),
    "of edits": lambda scores: _number(scores, "editing.edits", ".0f"),
    "seam, edited / real": pair("editing.seam", "editing.seam_real", ".2f"),
    "from its latent, dB, with the decoder / the space alone": pair("editing.psnr", "editing.psnr_space", ".2f"),
}
CAPTIONS: Mapping[str, Cell] = {
    f"{words}, {name}": pair(f"captions.{which}.{how}.top1", f"captions.{which}.{how}.top5", ".1%")
    for which, name in (("heldout_pair", "unseen styles"), ("heldout_concept", "unseen concepts"))
    for how, words in (("language", "language model"), ("retrieval", "retrieval"))
} | {
    "perplexity, unseen styles, with / without the picture": pair(
        "captions.heldout_pair.perplexity", "captions.heldout_pair.perplexity_blind", ".1f"
    ),
}
SPEED: Mapping[str, Cell] = {
    "256² pictures an hour": lambda scores: _number(scores, "speed.pictures_an_hour", ",.0f"),
    "256², seconds": lambda scores: _number(scores, "speed.seconds_256", ".2f"),
    "1024², seconds": lambda scores: _number(scores, "speed.seconds_1024", ".2f"),
}
SECTIONS: tuple[tuple[str, str, Mapping[str, Cell]], ...] = (
    ("Realism and diversity", "On the judge's features; smaller KID is better.", REALISM),
    ("What CLIP understands", "Recall at 1 / 5 of held-out pictures and captions, by its own CLIP.", UNDERSTANDING),
    ("Zero-shot classification", "Accuracy among 10 / 100 labels, by its own CLIP; chance is 10 and 1 %.", ZERO_SHOT),
    (
        "Captions",
        "The picture's own concept first / among five of 500 by the caption's z_txt; retrieval takes the nearest "
        "training caption.",
        CAPTIONS,
    ),
    (
        "Editing",
        "A seam of 1 is not to be seen; the latent is (z_img, x_T), drawn again with eta 0.",
        EDITING,
    ),
    ("Concepts recognised in drawings", "Recall at 1 / 5 by the model's own CLIP, which flatters it.", RECOGNISED),
    ("Carried through and remembered", "A ratio below 1 would mean copies.", MEMORY),
    ("Speed", "Warm, one picture after another, on the machine named below.", SPEED),
)


def page(standings: Sequence[Standing]) -> str:
    """All tables; a table that nothing was measured for is left out."""
    parts = [_composition(standings)]
    parts += [_section(title, words, cells, standings) for title, words, cells in SECTIONS]
    parts += [text for one in standings for text in (_priors(one), *_sweep(one))]
    return "\n" + "\n".join(part for part in [*parts, _origins(standings)] if part)


def _section(title: str, words: str, cells: Mapping[str, Cell], standings: Sequence[Standing]) -> str:
    rows = [[one.label, *(cell(one.scores) for cell in cells.values())] for one in standings]
    rows = [row for row in rows if set(row[1:]) != {MISSING}]
    return f"## {title}\n\n{words}\n\n{table(['model', *cells], rows)}" if rows else ""


def _composition(standings: Sequence[Standing]) -> str:
    """Each model with what pictures of other prompts would score and what real ones do."""
    rows = []
    for one in standings:
        scores = one.scores
        if "composition.score" not in scores:
            continue
        rows.append([f"**{one.label}**", *(cell(scores) for cell in COMPOSITION.values())])
        for name, words in CONTROLS.items():
            cells = (percent(f"composition.{name}"), *(percent(f"composition.{name}.{task}") for task in TASKS))
            rows.append([f"{one.label}: {words}", *(cell(scores) for cell in cells)])
    words = "Share of pictures that obey their prompt (%), with the 95 % interval over prompts."
    return f"## Composition\n\n{words}\n\n{table(['model', *COMPOSITION], rows)}" if rows else ""


CONTROLS = {
    "chance": "its pictures of other prompts",
    "known": "real pictures, known art",
    "unseen": "real pictures, unseen art",
    "precision": "the judge's precision, unseen art",
    "arranged": "number, colours, line right, whatever the things",
    "arranged_chance": "the same of its pictures of other prompts",
    "arranged_known": "the same of real pictures, known art",
}

SWEPT: Mapping[str, tuple[str, str, bool]] = {
    "composition": ("score", ".1%", True),
    "arrangement": ("arrangement", ".1%", True),
    "similarity": ("similarity", ".3f", True),
    "KID": ("kid", ".3f", False),
    "precision": ("precision", ".2f", True),
    "recall": ("recall", ".2f", True),
    "distance of seeds": ("distance", ".2f", True),
}


PRIORS: Mapping[str, tuple[str, str, bool]] = {
    "cosine with a real picture": ("real", ".3f", True),
    "with the words": ("text", ".3f", True),
    "concept first": ("top1", ".1%", True),
    "seeds apart": ("apart", ".3f", True),
}


def _priors(one: Standing) -> str:
    """What makes z_img, before any decoder; "none" is z_txt in its place."""
    labels = list(dict.fromkeys(name.split(".")[2] for name in one.scores if name.startswith("priors.seen.")))
    head = f"## Priors: {one.label}\n\nEmbeddings of seen concepts, before any decoder; none is z_txt itself."
    return f"{head}\n\n{_ranked('priors.seen', one.scores, labels, PRIORS)}" if labels else ""


def _sweep(one: Standing) -> list[str]:
    """Ways of drawing, and their scores by task; the best is bold, the worst in italics."""
    scores = one.scores
    names = [name.split(".") for name in scores if name.startswith("sweep.")]
    labels = list(dict.fromkeys(parts[1] for parts in names if len(parts) > 2))
    if not labels:
        return []
    tasks = {task: (f"{task}.score", ".0%", True) for task in TASKS}
    words = f"{scores['sweep.pictures']:.0f} pictures each, the same prompts and noise, 64²; **best** and _worst_."
    return [
        f"## Ways of drawing: {one.label}\n\n{words}\n\n{_ranked('sweep', scores, labels, SWEPT)}",
        f"By task:\n\n{_ranked('sweep', scores, labels, tasks)}",
    ]


def _ranked(
    prefix: str, scores: Scores, labels: Sequence[str], columns: Mapping[str, tuple[str, str, bool]]
) -> str:
    """A row a label; the best of each column is bold, the worst in italics."""
    cells: list[list[str]] = []
    for name, form, up in columns.values():
        values = [scores.get(f"{prefix}.{label}.{name}") for label in labels]
        shown = [MISSING if value is None else f"{value:{form}}" for value in values]
        cells.append([f"{mark}{text}{mark}" for mark, text in zip(ranked(values, up=up), shown, strict=True)])
        if name in SPREADS:
            spreads = [SPREADS[name](scores, f"{prefix}.{label}") for label in labels]
            cells[-1] = [f"{text} {spread}" for text, spread in zip(cells[-1], spreads, strict=True)]
    return table(["variant", *columns], [list(row) for row in zip(labels, *cells, strict=True)])


def _bounds(scores: Scores, name: str) -> str:
    low, high = scores.get(f"{name}.low"), scores.get(f"{name}.high")
    return "" if low is None or high is None else f"({100 * low:.1f}–{100 * high:.1f})"


def _error(scores: Scores, name: str) -> str:
    return f"± {scores[f'{name}.kid_error']:.3f}" if f"{name}.kid_error" in scores else ""


SPREADS: Mapping[str, Callable[[Scores, str], str]] = {"score": _bounds, "kid": _error}


def _origins(standings: Sequence[Standing]) -> str:
    """Where every number is from: measurements of one command in one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in standings:
        for name, part in one.parts.items():
            origin = (f"{one.label}, {one.commit}, {part.date}", f"`{part.command}`", part.data, part.judge or MISSING)
            machine = f"{part.machine}; {part.note}" if part.note else part.machine
            rows.setdefault((*origin, machine), []).append(f"{name} {part.seconds:.0f} s")
    columns = ["model, commit, date", "command", "data", "judge", "machine", "measured in"]
    cells = [[*row, ", ".join(names)] for row, names in rows.items()]
    return f"## Where the numbers are from\n\n{table(columns, cells)}"


def kid(scores: Scores, name: str) -> str:
    """ "0.123 ± 0.004"."""
    if f"{name}.kid" not in scores:
        return MISSING
    return f"{scores[f'{name}.kid']:.3f} ± {scores[f'{name}.kid_error']:.3f}"


def _number(scores: Scores, name: str, form: str) -> str:
    return f"{scores[name]:{form}}" if name in scores else MISSING
