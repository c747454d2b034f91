"""`sfumato-train recover MODEL`: checkpoints from a bundle, so that whoever has a model can train it on."""

from pathlib import Path
from typing import Annotated

import typer

recover_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@recover_app.command("recover")
def recover(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, or a bundle's folder.")] = "sticker",
    runs: Annotated[Path, typer.Option(help="Folder that gets one sub-folder a stage.")] = Path("runs"),
    only: Annotated[str, typer.Option(help="Only these stages, separated by commas.")] = "",
) -> None:
    """Brings a model's weights back as checkpoints of step 0, to go on training with `run STAGE --resume`."""
    from rich.console import Console

    from sfumato.bundle.store import Bundle
    from sfumato_train.recover.runs import recover_runs

    with Console(stderr=True).status("reading the model") as status:
        stages = [name.strip() for name in only.split(",") if name.strip()]
        bundle = Bundle.open(model)
        written = recover_runs(bundle, runs, only=stages, progress=lambda name: status.update(f"recovering {name}"))
    for path in written:
        typer.echo(str(path))
