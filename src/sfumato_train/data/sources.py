"""The collections of pictures, and how each is read.

Licences are those the packages state. Sources with `train=False` (share-alike licences) are never learnt
from: they are held-out styles, which draw known concepts in a manner the model has not seen. The order is the
order of preference: of two pictures that are the same art, the earlier source keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Source:
    """One collection.

    `reader` names a function in `readers`; `folder` is the part of the package that holds the pictures.
    `skins` tells whether skin tone variants are wanted, `crop` whether empty margins are cut off,
    `tintable` that black art is meant to be coloured, `grey` that colourless pictures are kept (emoji mean
    their black and white), `large` how many pictures at most may be rendered at 1024x1024.
    `skip` lists parts of the folder, or categories, that are not read at all.
    """

    name: str
    package: str
    client: str
    title: str
    author: str
    licence: str
    url: str
    style: str
    reader: str = "iconify"
    folder: str = "package"
    weight: float = 1.0
    train: bool = True
    skins: bool = False
    crop: bool = False
    tintable: bool = False
    grey: bool = False
    large: int = 0
    emoji: bool = False
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Words:
    """A package of words about emoji."""

    name: str
    package: str
    client: str
    title: str
    author: str
    licence: str
    url: str


def _iconify(name: str, **fields: object) -> Source:
    return Source(name=name, package=f"@iconify-json/{name}", client="npm", **fields)  # type: ignore[arg-type]


def _streamline(name: str, title: str, style: str, *, weight: float, large: int = 0) -> Source:
    return _iconify(
        f"streamline-{name}",
        title=title,
        author="Streamline",
        licence="CC-BY-4.0",
        url="https://github.com/webalys-hq/streamline-vectors",
        style=style,
        weight=weight,
        large=large,
        emoji=name == "emojis",
        skip=("Logos",),
        grey=name == "emojis",
    )


# Toolbar icons of old desktops, playing cards, lettering, gradients, 1,378 computed stars, logos.
_DULL_CLIPART = (
    "computer/buttons",
    "computer/icons/applications",
    "computer/icons/etiquette-theme",
    "computer/icons/flat-theme",
    "computer/icons/lemon-theme",
    "logos",
    "people/clothing/pantyhose",
    "recreation/games/cards",
    "shapes/jigsaw",
    "shapes/stars/star_",
    "signs_and_symbols/flags/historic",
    "signs_and_symbols/flags/semaphore",
    "signs_and_symbols/led",
    "special",
    "unsorted/duplicates",
)
_EMOJI = {"emoji": True, "grey": True}
_MICROSOFT = {
    "author": "Microsoft Corporation",
    "licence": "MIT",
    "url": "https://github.com/microsoft/fluentui-emoji",
    **_EMOJI,
}
_NOTO = {
    "author": "Google Inc",
    "licence": "Apache-2.0",
    "url": "https://github.com/googlefonts/noto-emoji",
    **_EMOJI,
}

SOURCES: tuple[Source, ...] = (
    _iconify("noto", title="Noto Emoji", style="noto emoji", skins=True, large=550, **_NOTO),
    Source(
        name="fluent-3d",
        package="@lobehub/fluent-emoji-3d",
        client="npm",
        title="Fluent Emoji 3D",
        style="fluent 3d",
        reader="webp",
        folder="package/assets",
        skins=True,
        **_MICROSOFT,  # type: ignore[arg-type]
    ),
    _iconify(
        "twemoji",
        title="Twitter Emoji",
        author="Twitter",
        licence="CC-BY-4.0",
        url="https://github.com/twitter/twemoji",
        style="twemoji",
        skins=True,
        large=350,
        **_EMOJI,
    ),
    _iconify("fluent-emoji-flat", title="Fluent Emoji Flat", style="fluent flat", large=250, **_MICROSOFT),
    _iconify(
        "fluent-emoji",
        title="Fluent Emoji",
        style="fluent 3d",  # the same art, with gradients for the renderer's light
        weight=0.4,
        large=150,
        **_MICROSOFT,
    ),
    _iconify(
        "emojione",
        title="Emoji One (Colored)",
        author="Emoji One",
        licence="CC-BY-4.0",
        url="https://github.com/EmojiTwo/emojitwo",
        style="emojione",
        large=200,
        **_EMOJI,
    ),
    _iconify("noto-v1", title="Noto Emoji (v1)", style="blob emoji", large=200, **_NOTO),
    _iconify(
        "fxemoji",
        title="Firefox OS Emoji",
        author="Mozilla",
        licence="Apache-2.0",
        url="https://github.com/mozilla/fxemoji",
        style="firefox emoji",
        large=120,
        **_EMOJI,
    ),
    Source(
        name="phantom",
        package="flask-phantom-emoji",
        client="pip",
        title="Phantom Open Emoji",
        author="Genshin Souzou and contributors",
        licence="MIT",
        url="https://github.com/Genshin/PhantomOpenEmoji",
        style="phantom emoji",
        reader="phantom",
        folder="flask-phantom-emoji-0.1.4/flask_phantom_emoji/PhantomOpenEmoji/emoji",
        large=60,
        **_EMOJI,  # type: ignore[arg-type]
    ),
    _streamline("emojis", "Streamline Emojis", "streamline emoji", weight=1.0, large=90),
    Source(
        name="openclipart",
        package="openclipart-svg",
        client="apt",
        title="Open Clip Art Library",
        author="Open Clip Art Library contributors",
        licence="public domain",
        url="https://openclipart.org",
        style="clip art",
        reader="openclipart",
        folder="usr/share/openclipart/svg",
        crop=True,
        large=750,
        skip=_DULL_CLIPART,
    ),
    Source(
        name="tango",
        package="tango-icon-theme",
        client="apt",
        title="Tango Icon Theme",
        author="Tango Desktop Project",
        licence="public domain",
        url="http://tango.freedesktop.org",
        style="tango icon",
        reader="tango",
        folder="usr/share/icons/Tango/scalable",
        large=100,
    ),
    _iconify(
        "flat-color-icons",
        title="Flat Color Icons",
        author="Icons8",
        licence="MIT",
        url="https://github.com/icons8/flat-color-icons",
        style="flat color icon",
        large=50,
    ),
    _iconify(
        "fluent-color",
        title="Fluent UI System Color Icons",
        author="Microsoft Corporation",
        licence="MIT",
        url="https://github.com/microsoft/fluentui-system-icons",
        style="soft color icon",
        weight=0.7,
        large=50,
    ),
    _iconify(
        "meteocons",
        title="Meteocons",
        author="Bas Milius",
        licence="MIT",
        url="https://github.com/basmilius/weather-icons",
        style="weather icon",
        weight=0.5,
        large=30,
    ),
    _iconify(
        "flat-ui",
        title="Flat UI Icons",
        author="Designmodo, Inc.",
        licence="MIT",
        url="https://github.com/designmodo/Flat-UI",
        style="flat design icon",
        large=30,
    ),
    _streamline("ultimate-color", "Ultimate color icons", "outlined color icon", weight=0.6),
    _streamline("kameleon-color", "Kameleon color icons", "round flat icon", weight=0.6, large=40),
    _streamline("stickies-color", "Stickies color icons", "sticker icon", weight=0.6, large=30),
    _iconify(
        "flag",
        title="Flag Icons",
        author="Panayiotis Lipiridis",
        licence="MIT",
        url="https://github.com/lipis/flag-icons",
        style="rectangular flag",
        weight=0.3,
        large=30,
    ),
    _iconify(
        "circle-flags",
        title="Circle Flags",
        author="HatScripts",
        licence="MIT",
        url="https://github.com/HatScripts/circle-flags",
        style="round flag",
        weight=0.3,
    ),
    _iconify(
        "game-icons",
        title="Game Icons",
        author="game-icons.net contributors",
        licence="CC-BY-3.0",
        url="https://game-icons.net",
        style="silhouette",
        weight=0.2,
        tintable=True,
        grey=True,
    ),
    _iconify(
        "icon-park",
        title="IconPark",
        author="ByteDance",
        licence="Apache-2.0",
        url="https://github.com/bytedance/IconPark",
        style="blue line icon",
        weight=0.2,
        skip=("Brand",),
    ),
    _streamline("color", "Core color icons", "blue duotone icon", weight=0.2),
    _streamline("plump-color", "Plump color icons", "plump blue icon", weight=0.2),
    _streamline("flex-color", "Flex color icons", "blue flex icon", weight=0.2),
    _streamline("sharp-color", "Sharp color icons", "sharp blue icon", weight=0.2),
    _streamline("cyber-color", "Cyber color icons", "cyber blue icon", weight=0.2),
    _streamline("freehand-color", "Freehand color icons", "freehand blue icon", weight=0.2),
    _iconify(
        "openmoji",
        title="OpenMoji",
        author="OpenMoji",
        licence="CC-BY-SA-4.0",
        url="https://openmoji.org",
        style="openmoji",
        train=False,
        skip=("Extras Openmoji", "Extras Unicode"),
        **_EMOJI,
    ),
    _iconify(
        "emojione-v1",
        title="Emoji One (v1)",
        author="Emoji One",
        licence="CC-BY-SA-4.0",
        url="https://github.com/joypixels/emojione-legacy",
        style="emojione v1",
        train=False,
        **_EMOJI,
    ),
)

WORDS: tuple[Words, ...] = (
    Words(
        name="emojibase",
        package="emojibase-data",
        client="npm",
        title="Emojibase",
        author="Miles Johnson",
        licence="MIT",
        url="https://github.com/milesj/emojibase",
    ),
    Words(
        name="emojilib",
        package="emojilib",
        client="npm",
        title="emojilib",
        author="Mu-An Chiou",
        licence="MIT",
        url="https://github.com/muan/emojilib",
    ),
)


def source(name: str) -> Source:
    """The source of that name; KeyError where there is none."""
    return next(s for s in SOURCES if s.name == name)
