"""Runs the commands of the gallery and writes docs/gallery.md from what came out: `make gallery`.

Each command is a process of its own, as for a user, in an empty folder with the pictures of docs/gallery/inputs.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from gallery_chapters import CHAPTERS, CREDITS, Chapter, Step
from PIL import Image

from sfumato.bundle.manifest import MANIFEST, Manifest

HERE = Path(__file__).resolve().parent
PAGE, FOLDER = HERE / "gallery.md", HERE / "gallery"
INPUTS = FOLDER / "inputs"
MODEL = HERE.parent / "src" / "sfumato" / "models" / "sticker"
LONGEST, ALONE, WIDEST, QUALITY = 320, 640, 1280, 82
INTRODUCTION = """# Gallery

Made by `make gallery` from the model in the package, {model}. Every command has the seed 7, whatever came of it:
**seeds are fixed and not picked for each picture**. The prompts are things that the model has often seen; it is young
([README](../README.md) says how young), and where a picture fails, it is shown failing.

Each command ran as a process of its own on {machine};
its seconds, loading the model included, stand behind it.
Pictures are shown at most {longest} pixels wide, one alone at most {alone}, a strip at most {widest}.
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of a step: what was printed, how long it took, and the files on the page by the names that it shows."""

    step: Step
    out: str
    seconds: float
    pictures: tuple[str, ...]


Run = Callable[[str, Path], tuple[str, float]]


def run(command: str, where: Path) -> tuple[str, float]:
    """What the command prints, and its seconds. Ends the script with the command's own sentence if it fails."""
    program, *arguments = shlex.split(command)
    assert program == "sfumato", command
    start = monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "sfumato", *arguments],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{command}\n{done.stderr}")
    return done.stdout, monotonic() - start


def make(chapters: Sequence[Chapter], parts: set[str], pictures: Path, *, execute: Run = run) -> list[list[Ran]]:
    """Runs all steps whose part of the model is there; the shown files go to `pictures`, made small."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        for source in sorted(INPUTS.iterdir()):
            shutil.copy(source, where)
        for chapter in chapters:
            steps = [step for step in chapter.steps if step.model is None or step.model in parts]
            made.append([_made(step, where, pictures, execute) for step in steps])
    return made


def _made(step: Step, where: Path, pictures: Path, execute: Run) -> Ran:
    out, seconds = execute(step.command, where)
    limit = LONGEST if len(step.shows) > 1 else ALONE
    names = tuple(shrunk(where / name, pictures, limit) for name in step.shows)
    return Ran(step=step, out=out, seconds=seconds, pictures=names)


def shrunk(source: Path, folder: Path, limit: int) -> str:
    """Writes the picture as a WebP of at most `limit` pixels a side (a strip: WIDEST) and gives its name."""
    with Image.open(source) as image:
        limit = WIDEST if is_strip(image) else limit
        small = image.convert("RGBA")
        small.thumbnail((limit, limit), Image.Resampling.LANCZOS)
    name = f"{source.stem}.webp"
    small.save(folder / name, quality=QUALITY, method=6)
    return name


def is_strip(image: Image.Image) -> bool:
    """Several pictures side by side."""
    return image.width > 2.5 * image.height


def page(chapters: Sequence[Chapter], made: Sequence[Sequence[Ran]], *, model: str, machine: str) -> str:
    """The whole page."""
    lines = [INTRODUCTION.format(model=model, machine=machine, longest=LONGEST, alone=ALONE, widest=WIDEST)]
    for chapter, steps in zip(chapters, made, strict=True):
        if steps:
            lines += [f"## {chapter.title}\n", f"{chapter.text}\n", *(block for ran in steps for block in blocks(ran))]
    lines += ["## Whose pictures\n", *(f"- `{name}`: {credit}" for name, credit in CREDITS)]
    lines += ["- all others: drawn by the commands above"]
    return "\n".join(lines) + "\n"


def blocks(ran: Ran) -> Iterator[str]:
    """The command, what it printed, and its pictures in a row."""
    said = f"{ran.out.rstrip()}\n" if ran.step.says else ""
    yield f"```console\n$ {ran.step.command}\n{said}```\n"
    if ran.pictures:
        heads = [f"![{name}](gallery/{file})" for name, file in zip(ran.step.shows, ran.pictures, strict=True)]
        yield "\n".join(["| " + " | ".join(row) + " |" for row in (heads, [":-:"] * len(heads), ran.step.shows)])
        yield ""
    yield f"_{ran.seconds:.1f} s_\n"


def parts_of(model: Path) -> set[str]:
    """The graphs that the model has."""
    return {path.stem for path in model.glob("*.xml")}


def machine() -> str:
    """ "2 cores (x86_64)", and how much else they had to do, where the system tells."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words = f"{count} core{'s' if count != 1 else ''} ({platform.machine()})"
    if not hasattr(os, "getloadavg"):
        return words
    load = os.getloadavg()[0]
    return f"{words} with {f'{load:.0f} other programs at work' if load >= 1 else 'nothing else to do'}"


def main() -> None:
    """Writes the page and the pictures; those that are no longer shown go."""
    manifest, host = Manifest.read(MODEL / MANIFEST), machine()
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder)
        made = make(CHAPTERS, parts_of(MODEL), pictures)
        for old in FOLDER.glob("*.webp"):
            old.unlink()
        for new in sorted(pictures.iterdir()):
            shutil.copy(new, FOLDER)
    words = page(CHAPTERS, made, model=f"{manifest.name} {manifest.version}", machine=host)
    PAGE.write_text(words, encoding="utf-8")


if __name__ == "__main__":
    main()
