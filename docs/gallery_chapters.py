"""What the gallery shows: chapters of commands exactly as a user would type them, all with seed 7."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command. `shows`: the files that stand on the page, in a row; `says`: what the command prints stands there
    too; `model`: a part of the model that may be missing, in which case the step is left out.
    """

    command: str
    shows: tuple[str, ...] = ()
    says: bool = False
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A heading, a few sentences, and what is done."""

    title: str
    text: str
    steps: tuple[Step, ...]


CREDITS = (
    ("apple.png, house.png, sunset.png, hot-dog.png, rocket.png", "Noto Emoji, © Google, Apache License 2.0"),
    ("snail.png", "drawn for this project's tests, Apache License 2.0"),
    ("apple-mask.png, sunset-mask.png", "white where to paint anew"),
)


def drawn(prompt: str, name: str, *options: str) -> Step:
    """Four pictures of a prompt at 256×256."""
    command = " ".join([f'sfumato draw "{prompt}" -n 4 --seed 7 --size 256', *options, f"-o {name}.png"])
    return Step(command=command, shows=tuple(f"{name}-{k}.png" for k in range(1, 5)))


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        title="Draw",
        text="A description becomes pictures. Picture k of a batch has the seed 7 + k and is the same drawn alone. "
        "The first command draws at the full size of 1024×1024, the others at 256×256.",
        steps=(
            Step(command='sfumato draw "a red apple" --seed 7 -o large-apple.png', shows=("large-apple.png",)),
            drawn("a yellow smiling face with sunglasses", "face"),
            drawn("a full moon at night", "moon"),
            drawn("three lemons", "lemons"),
            drawn("a yellow star", "star", "--background lightblue"),
        ),
    ),
    Chapter(
        title="Draw many, keep the best",
        text="Sixteen small candidates are compared with the description, and the four that fit best are finished.",
        steps=(drawn("a slice of pizza", "best", "--rerank 16"),),
    ),
    Chapter(
        title="With and without the embedding",
        text="The same words and seeds through unCLIP (prior, then decoder) and, below, as GLIDE draws: from the text "
        "alone.",
        steps=(drawn("a green tree", "tree"), drawn("a green tree", "tree-glide", "--system glide")),
    ),
    Chapter(
        title="Vary",
        text="What a picture shows stays, what it leaves open changes. The bipartite latent of unCLIP: the embedding "
        "says what, the noise how. `most` keeps both and adds a little noise, `some` keeps the embedding, `none` moves "
        "the embedding too.",
        steps=(
            Step(
                command="sfumato vary apple.png --keep most --seed 7 --size 256 -o most.png",
                shows=("apple.png", *(f"most-{k}.png" for k in range(1, 5))),
            ),
            Step(
                command="sfumato vary apple.png --seed 7 --size 256 -o some.png",
                shows=("apple.png", *(f"some-{k}.png" for k in range(1, 5))),
            ),
            Step(
                command="sfumato vary apple.png --keep none --seed 7 --size 256 -o none.png",
                shows=("apple.png", *(f"none-{k}.png" for k in range(1, 5))),
            ),
            Step(
                command="sfumato vary snail.png --keep most --seed 7 --size 256 -o snails.png",
                shows=("snail.png", *(f"snails-{k}.png" for k in range(1, 5))),
            ),
        ),
    ),
    Chapter(
        title="Blend",
        text="On the great circle between two embeddings, with the noises of both mixed as well; and several pictures "
        "mixed into one.",
        steps=(
            Step(
                command="sfumato blend apple.png house.png --seed 7 --size 256 -o between.png",
                shows=("between.png",),
            ),
            Step(
                command="sfumato blend apple.png sunset.png rocket.png --weights 2,1,1 -n 4 --seed 7 --size 256 "
                "-o mixed.png",
                shows=("apple.png", "sunset.png", "rocket.png", *(f"mixed-{k}.png" for k in range(1, 5))),
            ),
        ),
    ),
    Chapter(
        title="Shift",
        text="A picture moved by the difference of two descriptions; its noise, and so its layout, stays.",
        steps=(
            Step(
                command='sfumato shift apple.png --from "a red apple" --to "a green pear" --seed 7 --size 256 '
                "-o shifted.png",
                shows=("shifted.png",),
            ),
        ),
    ),
    Chapter(
        title="Edit",
        text="What is white in the mask is painted anew; every other pixel stays bit for bit. Left: the picture and "
        "its mask.",
        steps=(
            Step(
                command='sfumato edit apple.png "a red apple" --mask apple-mask.png --mask-colour white -n 3 '
                "--seed 7 -o matt.png",
                shows=("apple.png", "apple-mask.png", *(f"matt-{k}.png" for k in range(1, 4))),
            ),
            Step(
                command='sfumato edit sunset.png "a sunset over buildings" --mask sunset-mask.png --mask-colour white '
                "-n 3 --seed 7 -o edited.png",
                shows=("sunset.png", "sunset-mask.png", *(f"edited-{k}.png" for k in range(1, 4))),
            ),
        ),
    ),
    Chapter(
        title="Extend",
        text="A picture goes on beyond its borders; what was there stays bit for bit.",
        steps=(
            Step(
                command='sfumato draw "a tree in a green meadow" --seed 7 --size 256 -o meadow.png',
                shows=("meadow.png",),
            ),
            Step(
                command='sfumato extend meadow.png "a tree in a green meadow" --left 50% --right 50% --seed 7 '
                "-o wide.png",
                shows=("wide.png",),
            ),
        ),
    ),
    Chapter(
        title="Show and draw again",
        text="Every file carries what it was drawn from, and can be drawn again from that.",
        steps=(
            Step(command="sfumato show lemons-2.png", says=True),
            Step(command="sfumato redraw lemons-2.png -o again.png", shows=("lemons-2.png", "again.png")),
        ),
    ),
    Chapter(
        title="Describe and suggest",
        text="A picture becomes words, and words go on.",
        steps=(
            Step(command="sfumato describe apple.png -n 3", says=True, model="language"),
            Step(command='sfumato suggest "a cat" --seed 7 -n 4', says=True, model="language"),
        ),
    ),
    Chapter(
        title="Classify",
        text="Which of several labels fits? A thing and its opposite are a question about the thing alone.",
        steps=(
            Step(
                command='sfumato classify hot-dog.png "a hot dog" "not a hot dog"', says=True, shows=("hot-dog.png",)
            ),
            Step(
                command='sfumato classify apple.png house.png rocket.png sunset.png snail.png "an apple" "a house" '
                '"a rocket" "a snail" "buildings"',
                says=True,
            ),
        ),
    ),
    Chapter(
        title="Search",
        text="The pictures of this very gallery by their likeness to words; the sheet shows them, best first.",
        steps=(
            Step(
                command='sfumato search . "a red apple" -n 8 --sheet found.png', says=True, shows=("found.png",)
            ),
        ),
    ),
)
