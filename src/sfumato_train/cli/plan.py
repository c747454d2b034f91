"""`sfumato-train plan`: what a recipe costs to train, and with which settings, on how many devices."""

from typing import Annotated

import typer

plan_app = typer.Typer(add_completion=False, rich_markup_mode=None)

DEVICES = "1,8,64,256,1024"


@plan_app.command("plan")
def plan(
    stage: Annotated[
        str | None,
        typer.Argument(help="One stage; without it every stage that there are formulas for.", show_default=False),
    ] = None,
    *,
    recipe: Annotated[str, typer.Option(help="The recipe that configures the stages.")] = "paper",
    devices: Annotated[str, typer.Option(help="Numbers of devices, separated by commas.")] = DEVICES,
    memory: Annotated[float, typer.Option(help="Memory of a device in GB.")] = 80.0,
    peak: Annotated[float, typer.Option(help="Dense bf16 TFLOP/s of a device.")] = 312.0,
    utilisation: Annotated[float, typer.Option(help="Share of the peak that training reaches.")] = 0.4,
    network: Annotated[float, typer.Option(help="GB/s of a collective between nodes.")] = 150.0,
    caption: Annotated[int, typer.Option(min=1, help="Tokens of a caption.")] = 77,
) -> None:
    """Works out memory, operations, samples a second and days, and the settings to train with."""
    from sfumato.errors import InputError
    from sfumato_train.recipes import recipe as find
    from sfumato_train.scale.plan import Device
    from sfumato_train.scale.report import costs_table, planned, plans_table

    chosen = find(recipe)
    names = list(planned(chosen)) if stage is None else [stage]
    if unknown := [name for name in names if name not in planned(chosen)]:
        raise InputError(f"There is no formula for {unknown[0]!r} of {recipe}; choose {', '.join(planned(chosen))}.")
    counts = _numbers(devices)
    device = Device(
        name=f"a device of {memory:g} GB",
        memory=memory * 1e9,
        peak=peak * 1e12,
        utilisation=utilisation,
        network=network * 1e9,
    )
    typer.echo(costs_table(chosen, caption=caption))
    for name in names:
        typer.echo(f"\n{name}\n\n{plans_table(chosen, name, counts, device, caption=caption)}")


def _numbers(text: str) -> list[int]:
    from sfumato.errors import InputError

    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"The numbers of devices {text!r} cannot be read; write them like {DEVICES}.") from None
