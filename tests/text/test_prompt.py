from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato.text.prompt import MAX_PROMPT, check_prompt


@pytest.mark.parametrize(
    "prompt", ["a fox", "  a fox\n", "ein Fuchs auf Grün", "🦊", "👩‍🚀 astronaut", "שועל", "x" * MAX_PROMPT]
)
def test_ordinary_prompts_pass_unchanged(prompt: str) -> None:
    assert check_prompt(prompt) is prompt


@pytest.mark.parametrize("prompt", ["", " ", "\n\t ", None, 3, b"fox"])
def test_empty_prompts_are_refused(prompt: object) -> None:
    with pytest.raises(InputError, match="prompt is empty"):
        check_prompt(prompt)


def test_long_prompts_are_refused_with_their_length() -> None:
    with pytest.raises(InputError, match="has 1001 characters; shorten it to 1000"):
        check_prompt("x" * (MAX_PROMPT + 1))


@pytest.mark.parametrize(
    ("prompt", "code"), [("a\x00b", "0000"), ("a\x1b[2J", "001B"), ("\x7f fox", "007F"), ("fox \ud800", "D800")]
)
def test_control_characters_are_refused_by_number(prompt: str, code: str) -> None:
    with pytest.raises(InputError, match=rf"U\+{code}"):
        check_prompt(prompt)


@given(st.text(max_size=MAX_PROMPT))
def test_what_passes_can_be_written_as_utf8(prompt: str) -> None:
    try:
        check_prompt(prompt)
    except InputError:
        return
    assert prompt.encode("utf-8").strip()
