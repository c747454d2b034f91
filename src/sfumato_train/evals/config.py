"""How much is measured; the numbers are comparable only where these settings are equal."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.errors import InputError


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """Counts of pictures, captions and prompts.

    pictures: of each held-out list, for retrieval (None: all). reconstructions: pictures taken through z_img.
    prompts: of each list, drawn with each system. captions: concepts that a drawing is judged among.
    searched: training pictures among which neighbours are sought (None: all). references: real held-out
    pictures whose neighbours set the scale. popular: pictures a training concept must have to be asked for.
    composition, repeats: prompts of each task, and pictures of each; sweep, sweep_repeats: the same where all ways of
    drawing are compared. speed: pictures whose time is taken, of each size.
    edits: random pictures and masks of which all outside the mask must be kept. seams: held-out pictures that are
    edited, and taken through their latents.
    sheet, neighbours: pictures shown on the sheets of drawings and of neighbours.
    """

    seed: int = 0
    pictures: int | None = None
    reconstructions: int = 128
    prompts: int = 200
    captions: int = 500
    searched: int | None = None
    references: int = 400
    popular: int = 4
    composition: int = 70
    repeats: int = 4
    sweep: int = 16
    sweep_repeats: int = 2
    speed: int = 5
    edits: int = 200
    seams: int = 24
    sheet: int = 48
    neighbours: int = 24

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise InputError(f"The seed {self.seed} cannot be used; give a whole number from 0 to 2^63 - 1.")
        counts = [value for name, value in vars(self).items() if name != "seed" and value is not None]
        if min(counts) < 1:
            raise InputError("Nothing can be measured on no pictures; give counts of at least 1.")
        if min(self.repeats, self.sweep_repeats) < 2:
            raise InputError("Diversity needs two pictures of a prompt; repeat each at least twice.")
        if self.captions < self.prompts:
            raise InputError(
                f"{self.prompts} prompts cannot be told apart among {self.captions} captions; ask for more captions."
            )


def quick_config(seed: int = 0) -> EvalConfig:
    """A look in minutes: the same measurements on fewer pictures, with wider error bars."""
    return EvalConfig(
        seed=seed,
        pictures=300,
        reconstructions=24,
        prompts=24,
        searched=2000,
        references=100,
        composition=4,
        repeats=2,
        sweep=2,
        speed=2,
        edits=12,
        seams=4,
        sheet=24,
        neighbours=12,
    )
