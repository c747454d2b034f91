"""`sfumato-train data build`: the pictures and words to learn from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Builds the data set to learn from.",
    no_args_is_help=True,
)


@data_app.callback()
def data() -> None:
    """Builds the data set to learn from."""


@data_app.command("build")
def build(
    out: Annotated[Path, typer.Option(help="Folder for the data set.")] = Path("data"),
    limit: Annotated[int | None, typer.Option(min=1, help="Only about so many pictures.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 2,
    sources: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    large: Annotated[bool, typer.Option(help="Draw some pictures at 1024x1024 too.")] = True,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for packages and drawn pictures, to be used again.")
    ] = None,
) -> None:
    """Fetches, draws and describes some 40,000 pictures; a run that was stopped goes on where it was."""
    from sfumato_train.data.build import BuildConfig, build, default_cache

    names = tuple(name.strip() for name in sources.split(",")) if sources else None
    config = BuildConfig(
        out=out, cache=cache or default_cache(), limit=limit, workers=workers, sources=names, large=large
    )
    with _bar() as progress:
        facts = build(config, progress=progress)
    typer.echo(f"{facts['kept']} pictures of {facts['concepts']} concepts in {out}, {facts['large']} also large.")
    for reason, count in facts["left_out"].items():
        typer.echo(f"  left out: {count} {reason}")


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage on a terminal; elsewhere nothing is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield move


@data_app.command("inspect")
def inspect(
    shards: Annotated[str, typer.Argument(help="Folder of .tar files, pattern like 'x/{00000..00099}.tar', or URL.")],
    samples: Annotated[int, typer.Option(min=1, help="Look at so many samples.")] = 1000,
) -> None:
    """Looks into WebDataset shards: what their pictures and captions are like, and what is wrong with some."""
    from sfumato_train.data.scale.look import look

    for line in look(shards, samples=samples).lines():
        typer.echo(line)


@data_app.command("prepare")
def prepare(
    shards: Annotated[str, typer.Argument(help="Folder of .tar files, pattern like 'x/{00000..00099}.tar', or URL.")],
    out: Annotated[Path, typer.Option(help="Folder for the clean shards.")],
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    engine: Annotated[str, typer.Option(help="local, or ray (RAY_ADDRESS names a cluster).")] = "local",
    min_side: Annotated[int, typer.Option(min=1, help="Pixels of the shorter side.")] = 64,
    max_aspect: Annotated[float, typer.Option(min=1, help="Longer side by shorter side.")] = 3.0,
    min_chars: Annotated[int, typer.Option(min=1, help="Length of the caption.")] = 3,
    max_chars: Annotated[int, typer.Option(min=1, help="Length of the caption.")] = 1000,
    min_ascii: Annotated[float, typer.Option(min=0, max=1, help="Share of the caption's letters.")] = 0.0,
    max_nsfw: Annotated[float | None, typer.Option(min=0, max=1, help="Of the score in the samples' JSON.")] = None,
    per_caption: Annotated[int | None, typer.Option(min=1, help="Samples that may share a caption.")] = None,
    near_blocks: Annotated[
        float, typer.Option(min=-1, max=64, help="Most that 8×8 blocks of near-duplicates differ; -1 keeps them.")
    ] = 10.0,
    model: Annotated[str | None, typer.Option(help="Embed with this model's CLIP: sticker, or a folder.")] = None,
    near_cosine: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least cosine of embeddings of near-duplicates.")
    ] = None,
    min_similarity: Annotated[
        float | None, typer.Option(min=-1, max=1, help="Least cosine of picture and caption.")
    ] = None,
    fit: Annotated[str, typer.Option(help="crop or pad pictures that are not square, to embed them.")] = "crop",
) -> None:
    """Filters shards, takes out near-duplicates, embeds, and writes clean shards; a run that was stopped goes on."""
    from sfumato_train.cli.bar import stage_bars
    from sfumato_train.data.scale.prepare import prepare
    from sfumato_train.data.scale.rules import rules_of

    rules = rules_of(
        min_side=min_side,
        max_aspect=max_aspect,
        min_chars=min_chars,
        max_chars=max_chars,
        min_ascii=min_ascii,
        max_nsfw=max_nsfw,
        per_caption=per_caption,
        near_blocks=None if near_blocks < 0 else near_blocks,
        model=model,
        near_cosine=near_cosine,
        min_similarity=min_similarity,
        fit=fit,
    )
    with stage_bars() as progress:
        facts = prepare(shards, out, rules, workers=workers, engine=engine, progress=progress)
    typer.echo(f"{facts['kept']} of {facts['samples']} samples in {out}; {out / 'report.md'} says more.")
    for reason, count in facts["left_out"].items():
        typer.echo(f"  left out: {count} {reason}")
