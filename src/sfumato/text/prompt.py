"""What a prompt may be. Imports nothing, so that a bad one is refused before anything is loaded."""

from sfumato.errors import InputError

MAX_PROMPT = 1000
BLANKS = "\t\n\r"


def check_prompt(prompt: object, what: str = "prompt") -> str:
    """`prompt` itself; `InputError` when it is blank, over 1000 characters or holds control characters.

    what: the word for it in messages.
    """
    if not isinstance(prompt, str) or not prompt.strip():
        raise InputError(f"The {what} is empty; describe the picture in a few words.")
    if len(prompt) > MAX_PROMPT:
        raise InputError(f"The {what} has {len(prompt)} characters; shorten it to {MAX_PROMPT} or fewer.")
    bad = next((c for c in prompt if _is_control(c)), None)
    if bad is not None:
        raise InputError(f"The {what} holds the control character U+{ord(bad):04X}; take it out.")
    return prompt


def _is_control(character: str) -> bool:
    """C0, DEL, C1 and lone surrogates; joiners and direction marks belong to writing and pass."""
    code = ord(character)
    control = code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
    return control and character not in BLANKS
