"""The things that composition is asked about: plain, countable, drawn in many styles, and unlike one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Vocabulary = tuple["Thing", ...]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A word that prompts use, and the concepts of the data set whose pictures show it."""

    name: str
    concepts: tuple[str, ...]


def vocabulary_of(text: str) -> Vocabulary:
    """Things out of "name" or "name = concept + concept", separated by commas."""
    entries = (entry.partition("=") for entry in " ".join(text.split()).split(",") if entry.strip())
    return tuple(
        Thing(name=name.strip(), concepts=tuple(one.strip() for one in (concepts or name).split("+")))
        for name, _, concepts in entries
    )


def names(vocabulary: Sequence[Thing]) -> tuple[str, ...]:
    """The words, in the order of the detector's classes."""
    return tuple(thing.name for thing in vocabulary)


STICKER = vocabulary_of("""
    airplane = airplane + small airplane, alarm clock, anchor, ant, apple = red apple + green apple, backpack, banana,
    basketball, bat, bathtub, bear = bear + polar bear + teddy bear, bee = honeybee, bell, bicycle,
    birthday cake = birthday cake + cake, boat = sailboat + ship + speedboat, bomb, book = closed book + blue book +
    orange book + book, bread, briefcase, butterfly, cactus,
    calendar = calendar + spiral calendar + tear-off calendar, camel = camel + two-hump camel,
    camera = camera + camera with flash, candle, candy, car = automobile + oncoming automobile + car, carrot, castle,
    cat = cat + cat face + grinning cat, cherries, christmas tree, cloud, cookie, cow = cow + cow face, crab,
    crown, cup = hot beverage + teacup without handle + cup, dog = dog + dog face, dolphin, doughnut, dragon,
    dress, drum, duck, elephant, envelope = envelope + e-mail + incoming envelope, fire, fish,
    floppy disk, flower = blossom + sunflower + hibiscus + flower, fox, frog, ghost, glasses, globe =
    globe showing americas + globe showing europe-africa + globe showing asia-australia + globe with meridians,
    grapes, guitar, hamburger, hammer, headphones = headphone + headphones, heart = red heart + heart suit + heart,
    helicopter, horse, hourglass = hourglass done + hourglass not done, house = house + house with garden,
    ice cream = ice cream + soft ice cream, key, laptop, lemon, light bulb, lion, lipstick, magnifying glass =
    magnifying glass tilted left + magnifying glass tilted right, megaphone, microphone, moon = crescent moon +
    first quarter moon face + last quarter moon face, mouse, mushroom, octopus, owl,
    palm tree, panda, pear, pencil, penguin, pig = pig + pig face, pineapple, pizza, pumpkin = jack-o-lantern,
    rabbit = rabbit + rabbit face, robot, rocket, rose, sheep = ewe + ram, skull, snail, snake, snowflake, snowman =
    snowman + snowman without snow, star = star + glowing star, strawberry, sun = sun + sun with face, sunglasses,
    t-shirt, telephone = telephone + telephone receiver, television, tent, tiger = tiger + tiger face,
    tractor, train = train + locomotive + tram, tree = deciduous tree + evergreen tree + tree, trophy, truck =
    delivery truck + articulated lorry, trumpet, turtle, umbrella = umbrella + umbrella with rain drops +
    closed umbrella, watermelon, whale = whale + spouting whale
""")
"""Of the sticker data set: 120 things, most of them in nine styles or more, none of them held out."""
