"""Which words keep a picture out, lower its weight, or forbid its mirror image."""

from __future__ import annotations

import re

SKIN_VARIANT, GREY, TWIN, FLAG, LETTERS, CLOCK = 0.2, 0.3, 0.3, 0.2, 0.2, 0.4

_DEBRIS = re.compile(r"^v[0-9]+$|\bsymbol [0-9]+m\b|^(?:fc|img|untitled|drawing|segmented|symbol)[0-9 ]*$")
_UNWANTED = re.compile(
    r"\b(nazi|swastika|hitler|nude|naked|sexy?|porn|erotic|penis|vagina|breasts?|boobs?|condom|suicide|"
    r"hanging man|confederate|playboy|bdsm|coitus|pantyhose)\b"
)
# Trademarks, and file types of one vendor's programs.
_BRAND = re.compile(
    r"\b(adobe|airbnb|alipay|amazon|android|apple (?:logo|music)|app store|baidu|bbc|behance|bmw|chrome|"
    r"coca cola|debian|deviantart|discord|dribbble|dropbox|evernote|facebook|figma|firefox logo|flickr|"
    r"foursquare|github|gitlab|gmail|gnome (?:dev|foot|fs|icon|mime|terminal|theme)|google|hummer|imac|"
    r"instagram|internet explorer|ipad|iphone|ipod|itunes|kde|lastfm|linkedin|linux|macbook|microsoft|"
    r"mozilla|msn|netflix|nintendo|openoffice|opera browser|paypal|photoshop|pinterest|playstation|"
    r"pokemon|pokeball|reddit|skype|slack|snapchat|soundcloud|spotify|steve jobs|telegram app|tencent|"
    r"tiktok|tumblr|twitter|tux|ubuntu|viber|vimeo|wechat|weibo|weixin|whatsapp|wikipedia|"
    r"windows (?:logo|vista|xp)|wordpress|xbox|yahoo|youtube)\b"
)
_STILL_GROUPS = frozenset({"flags"})
# fmt: off
_STILL_SUBGROUPS = frozenset((
    "alphanum", "arrow", "av-symbol", "book-paper", "country-flag", "currency", "gender", "geometric",
    "keycap", "mail", "math", "money", "other-symbol", "punctuation", "religion", "subdivision-flag",
    "time", "transport-sign", "warning", "writing", "zodiac", "phone", "computer", "game",
))
# fmt: on
_STILL_WORDS = re.compile(
    r"\b(left|right|leftwards?|rightwards?|leftmost|rightmost|clockwise|anticlockwise|counterclockwise|"
    r"arrows?|clocks?|watch|timer|stopwatch|hour|o'clock|oclock|thirty|letters?|alphabet|numbers?|"
    r"digits?|text|font|word|words|abc|flags?|banner|signs?|button|keycap|keyboard|calendar|date|"
    r"newspaper|books?|maps?|globe|east|west|north|south|compass|speedometer|gauge|thermometer|"
    r"barometer|ruler|dollar|euro|yen|pound|money|banknote|coin|credit card|ticket|scrabble|dice|cards?|"
    r"joker|question|percent|plus|minus|music(?:al)? notes?|treble|clef|notes?|scores?|formula|exit|"
    r"stop|sale|new|ok|ng|sos|vs|atm|wc|cool|free|id|up!|soon|end|back|top|on!|facing|waxing|waning|"
    r"quarter|crescent|italic|bold|underline|align|justify|indent|code|sort|file|document|news)\b|[0-9]"
)


def fault(name: str) -> str:
    """Why a picture of that name is left out; empty where it is not."""
    if not re.search(r"[a-z]{3}|^(?:[0-9]+|ox|ok|up|tv|cd|pc|a b|hi|xi|yo|id|3d)$", name) or _DEBRIS.search(name):
        return "no usable name"
    if _UNWANTED.search(name):
        return "unwanted subject"
    return "trademark" if _BRAND.search(name) else ""


def may_flip(name: str, group: str, subgroup: str) -> bool:
    """Whether the mirrored picture still shows what the name says: not for letters, flags, arrows, clocks."""
    return group not in _STILL_GROUPS and subgroup not in _STILL_SUBGROUPS and _STILL_WORDS.search(name) is None


def word_weight(name: str, group: str, subgroup: str, tones: int) -> float:
    """How much less often to draw a picture than its source's others, judged by its words: 0..1."""
    weight = SKIN_VARIANT if tones else 1.0
    if group == "flags" and subgroup in {"country-flag", "subdivision-flag"}:
        weight *= FLAG
    elif subgroup in {"keycap", "alphanum"} or re.search(r"\b(letter|digit|ideograph|latin capital)\b", name):
        weight *= LETTERS
    elif subgroup == "time" and re.search(r"o'clock|thirty", name):
        weight *= CLOCK
    return weight
