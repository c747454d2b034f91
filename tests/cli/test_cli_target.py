"""What -o means, names, and the check before any work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.cli.target import FOREIGN, SLUG_LENGTH, SUFFIXES, Target, slug
from sfumato.errors import InputError, OutputError


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a red fox", "a-red-fox"),
        ("  A Red, FOX!  ", "a-red-fox"),
        ("a crème brûlée", "a-creme-brulee"),
        ("ein großer Hund", "ein-grosser-hund"),
        ("a cat's and the dog’s hat", "a-cats-and-the-dogs-hat"),
        ("snake_case and 3/4", "snake-case-and-3-4"),
        ("../../etc/passwd", "etc-passwd"),
        ("赤い狐", "赤い狐"),
        ("🦊!", "picture"),
        ("word " * 40, "-".join(["word"] * 9)),
        ("x" * 200, "x" * SLUG_LENGTH),
    ],
)
def test_slug(prompt: str, name: str) -> None:
    assert slug(prompt) == name


@given(st.text(max_size=200))
def test_slug_is_a_plain_short_file_name(prompt: str) -> None:
    name = slug(prompt)
    assert 0 < len(name) <= SLUG_LENGTH
    assert not set(name) & set("/\\:*?\"<>| .\0\n")
    assert not name.startswith("-")
    assert name == slug(prompt)


def test_without_output_this_folder() -> None:
    assert Target.parse(None) == Target(folder=Path())


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".PNG", ".Jpg"])
def test_a_picture_suffix_is_a_file(suffix: str) -> None:
    assert Target.parse(Path("a/b" + suffix)) == Target(folder=Path("a"), name="b" + suffix)


@pytest.mark.parametrize("name", ["foxes", "foxes/", "version.2", "a.b/c", "."])
def test_anything_else_is_a_folder(name: str) -> None:
    assert Target.parse(Path(name)) == Target(folder=Path(name))


@pytest.mark.parametrize("suffix", FOREIGN)
def test_a_format_that_cannot_be_written_is_no_folder(suffix: str) -> None:
    with pytest.raises(InputError, match=rf"as \{suffix} .*name a \.png"):
        Target.parse(Path("fox" + suffix))


def test_a_folder_that_is_named_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "fox.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        Target.parse(tmp_path / "fox.png")


@pytest.mark.parametrize(
    ("name", "opaque"), [("a.jpg", True), ("a.JPEG", True), ("a.png", False), ("jpg", False)]
)
def test_opaque_is_jpeg(name: str, opaque: bool) -> None:
    assert Target.parse(Path(name)).opaque is opaque


def test_names_in_a_folder_never_collide(tmp_path: Path) -> None:
    target = Target.parse(tmp_path)
    made = []
    for _ in range(3):
        made.append(target.path("a fox", 5, number=1))
        made[-1].touch()
    assert [path.name for path in made] == ["a-fox-5.png", "a-fox-5-2.png", "a-fox-5-3.png"]
    (tmp_path / "a-fox-5-sheet.png").touch()
    assert target.sheet("a fox", 5).name == "a-fox-5-sheet-2.png"


def test_names_from_a_file(tmp_path: Path) -> None:
    target = Target.parse(tmp_path / "fox.webp")
    assert target.path("a", 1) == tmp_path / "fox.webp"
    assert target.path("a", 1, number=3) == tmp_path / "fox-3.webp"
    assert target.sheet("a", 1) == tmp_path / "fox-sheet.webp"


def test_check_makes_nothing_and_prepare_makes_the_folder(tmp_path: Path) -> None:
    target = Target.parse(tmp_path / "a" / "b")
    target.check()
    assert list(tmp_path.iterdir()) == []
    target.prepare()
    target.prepare()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_where_a_folder_must_be(tmp_path: Path) -> None:
    (tmp_path / "fox").touch()
    for target in (Target.parse(tmp_path / "fox"), Target.parse(tmp_path / "fox" / "x.png")):
        with pytest.raises(OutputError, match=r"fox \(not a directory\); choose another place"):
            target.check()
    with pytest.raises(OutputError, match="fox"):
        Target.parse(tmp_path / "fox").prepare()


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="name too long"):
        Target.parse(tmp_path / ("x" * 300)).check()


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the refusal is the system call's."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputError, match=r"Nothing can be written to .* \(permission denied\)"):
        Target.parse(tmp_path).check()
