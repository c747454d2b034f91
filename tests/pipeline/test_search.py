"""Searching a folder: the ranking, what is read again and what is not, and everything that can be in the way."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato import Sfumato
from sfumato.errors import Cancelled, InputError
from sfumato.pipeline import search as searching
from sfumato.pipeline.index import NAME
from sfumato.pipeline.search import list_pictures, rank
from sfumato.types import Found, Progress
from support.painter import names


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1, precision="f32")


def put(path: Path, seed: int) -> Path:
    """A picture of noise, large blocks of it, so that small versions differ too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(blocks.repeat(8, axis=0).repeat(8, axis=1)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures in three formats and two folders, and things that are none."""
    root = tmp_path / "art"
    for seed, name in enumerate(("a.png", "b.JPG", "deep/er/c.webp", "deep/d.jpeg", "e.png")):
        put(root / name, seed)
    (root / "notes.txt").write_text("no picture")
    put(root / ".hidden.png", 8)
    put(root / ".git/x.png", 9)
    return root


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, as they are."""
    seen: list[str] = []
    real = searching._small

    def watched(path: Path) -> np.ndarray | str:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(searching, "_small", watched)
    return seen


def files_of(found: Found, folder: Path) -> list[str]:
    return [match.path.relative_to(folder).as_posix() for match in found.matches]


def test_ranking_is_by_cosine_and_then_by_path() -> None:
    axes = np.eye(3, dtype=np.float32)
    rows = {"z": axes[0], "b": axes[1], "a": axes[1], "c": np.array([0.6, 0.8, 0], np.float32)}
    found = rank(Path("art"), rows, axes[:1])
    assert [str(match.path) for match in found] == [f"art{os.sep}{name}" for name in "zcab"]
    assert [match.similarity for match in found] == pytest.approx([1, 0.6, 0, 0])
    assert rank(Path("art"), {}, axes[:1]) == []


def test_words_find_the_nearest_pictures(painter: Sfumato, folder: Path) -> None:
    found = painter.search(folder, "a red cat")
    z = painter.embed("a red cat")
    every = ("a.png", "b.JPG", "deep/er/c.webp", "deep/d.jpeg", "e.png")
    cosines = {name: float(painter.embed(folder / name) @ z) for name in every}
    assert {match.path: match.similarity for match in found.matches} == pytest.approx(
        {folder / name: cosine for name, cosine in cosines.items()}, abs=2e-3
    )
    likeness = [match.similarity for match in found.matches]
    assert likeness == sorted(likeness, reverse=True)
    assert (found.pictures, found.embedded, found.broken, found.notes) == (5, 5, (), ())


def test_a_picture_finds_itself_elsewhere_and_not_itself(painter: Sfumato, folder: Path, tmp_path: Path) -> None:
    twin = Path(shutil.copy(folder / "a.png", folder / "deep/twin.png"))
    found = painter.search(folder, folder / "a.png")
    assert found.matches[0].path == twin
    assert found.matches[0].similarity == pytest.approx(1, abs=2e-3)
    assert "a.png" not in files_of(found, folder)
    outside = Path(shutil.copy(folder / "a.png", tmp_path / "query.png"))
    assert {"a.png", "deep/twin.png"} == set(files_of(painter.search(folder, outside, n=2), folder))


def test_n_is_how_many_at_the_most(painter: Sfumato, folder: Path) -> None:
    assert len(painter.search(folder, "a cat", n=2).matches) == 2
    assert len(painter.search(folder, "a cat", n=1000).matches) == 5
    for n in (0, -1, 1001, 1.5):
        with pytest.raises(InputError, match="number of pictures"):
            painter.search(folder, "a cat", n=n)  # type: ignore[arg-type]


def test_the_second_search_reads_nothing(painter: Sfumato, folder: Path, reads: list[str]) -> None:
    first = painter.search(folder, "a cat")
    assert sorted(reads) == ["a.png", "b.JPG", "c.webp", "d.jpeg", "e.png"]
    reads.clear()
    second = painter.search(folder, "a cat")
    assert reads == []
    assert (second.embedded, files_of(second, folder)) == (0, files_of(first, folder))
    for one, other in zip(first.matches, second.matches, strict=True):
        assert one.similarity == pytest.approx(other.similarity, abs=2e-3)


def test_only_new_and_changed_files_are_read(painter: Sfumato, folder: Path, reads: list[str]) -> None:
    painter.search(folder, "a cat")
    reads.clear()
    (folder / "b.JPG").unlink()
    put(folder / "new.png", 20)
    put(folder / "a.png", 21)
    os.utime(folder / "a.png", ns=(5, 5))
    found = painter.search(folder, "a cat")
    assert sorted(reads) == ["a.png", "new.png"]
    assert (found.pictures, found.embedded) == (5, 2)
    assert "b.JPG" not in files_of(found, folder)
    again = next(m.similarity for m in found.matches if m.path.name == "a.png")
    assert again == pytest.approx(float(painter.embed(folder / "a.png") @ painter.embed("a cat")), abs=2e-3)


def test_what_was_removed_is_forgotten(painter: Sfumato, folder: Path) -> None:
    painter.search(folder, "a cat")
    large = (folder / NAME).stat().st_size
    for name in ("a.png", "b.JPG", "e.png"):
        (folder / name).unlink()
    assert painter.search(folder, "a cat").pictures == 2
    assert (folder / NAME).stat().st_size < large


def test_refresh_reads_all(painter: Sfumato, folder: Path, reads: list[str]) -> None:
    painter.search(folder, "a cat")
    reads.clear()
    assert painter.search(folder, "a cat", refresh=True).embedded == 5
    assert len(reads) == 5


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\0" * 100])
def test_a_damaged_index_is_made_anew(painter: Sfumato, folder: Path, damage: bytes) -> None:
    (folder / NAME).write_bytes(damage)
    assert painter.search(folder, "a cat").embedded == 5
    assert painter.search(folder, "a cat").embedded == 0


def test_another_model_makes_its_own(painter: Sfumato, folder: Path, tiny_pixel_bundle: Path) -> None:
    painter.search(folder, "a cat")
    assert Sfumato(tiny_pixel_bundle, threads=1).search(folder, "a cat").embedded == 5


def test_broken_pictures_are_named_and_not_read_twice(painter: Sfumato, folder: Path, reads: list[str]) -> None:
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:60])
    (folder / "text.webp").write_text("no picture")
    (folder / "empty.png").touch()
    found = painter.search(folder, "a cat")
    assert (found.pictures, len(found.matches)) == (5, 5)
    assert sorted(one.path.name for one in found.broken) == ["broken.png", "empty.png", "text.webp"]
    assert all(one.reason.endswith(".") and one.path.name in one.reason for one in found.broken)
    reads.clear()
    again = painter.search(folder, "a cat")
    assert (reads, again.broken) == ([], found.broken)
    put(folder / "broken.png", 30)
    mended = painter.search(folder, "a cat")
    assert (reads, mended.pictures, len(mended.broken)) == (["broken.png"], 6, 2)


def test_a_folder_of_nothing_but_broken_pictures(painter: Sfumato, tmp_path: Path) -> None:
    for k in range(20):
        (tmp_path / f"{k}.png").write_text("no picture")
    found = painter.search(tmp_path, "a cat")
    assert (found.matches, found.pictures, found.embedded, len(found.broken)) == ((), 0, 20, 20)


def test_folders_that_cannot_be_searched(painter: Sfumato, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place, word in ((tmp_path / "none", "There is no folder"), (folder / "a.png", "is no folder")):
        with pytest.raises(InputError, match=word):
            painter.search(place, "a cat")
    with pytest.raises(InputError, match="no PNG, JPEG or WebP files; name one"):
        painter.search(tmp_path / "empty", "a cat")
    assert names(tmp_path / "empty") == []


def test_the_query_is_checked_before_the_folder_is_read(painter: Sfumato, folder: Path, reads: list[str]) -> None:
    for query in ("", "x" * 1001, folder / "none.png", folder, folder / "notes.txt", b"nonsense"):
        with pytest.raises(InputError):
            painter.search(folder, query)
    assert reads == []
    assert not (folder / NAME).exists()


def test_links_in_a_circle_end(painter: Sfumato, folder: Path) -> None:
    (folder / "deep" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "nowhere.png").symlink_to(folder / "none.png")
    (folder / "linked.png").symlink_to(folder / "a.png")
    assert set(list_pictures(folder).stamps) == {
        "a.png", "b.JPG", "deep/er/c.webp", "deep/d.jpeg", "e.png", "linked.png"
    }  # fmt: skip


def test_a_folder_that_cannot_be_looked_into(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    closed = {"deep"}
    listing = list_pictures(folder)
    assert list(listing.stamps) == ["a.png", "b.JPG", "e.png"]
    assert [one.path for one in listing.broken] == [folder / "deep"]
    assert "permission denied" in listing.broken[0].reason
    closed = {folder.name}
    with pytest.raises(InputError, match="permission denied"):
        list_pictures(folder)


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Callable[[Path], bool]) -> None:
    real = searching.write_index

    def write(path: Path, model: str, entries: searching.Entries) -> None:
        if refused(path):
            raise PermissionError(13, "Permission denied")
        real(path, model, entries)

    monkeypatch.setattr(searching, "write_index", write)


def test_a_read_only_folder_uses_the_users_cache(
    painter: Sfumato, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    refuse(monkeypatch, lambda path: path.parent == folder)
    found = painter.search(folder, "a cat")
    assert len(names(tmp_path / "cache")) == 1
    assert found.notes == (
        f"{folder} cannot be written to, so its index is kept in {tmp_path / 'cache' / names(tmp_path / 'cache')[0]}.",
    )
    assert painter.search(folder, "a cat").embedded == 0
    assert NAME not in names(folder)


def test_where_nothing_can_be_written_nothing_is_kept(
    painter: Sfumato, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(folder)
    refuse(monkeypatch, lambda _path: True)
    found = painter.search(folder, "a cat")
    assert len(found.matches) == 5
    assert len(found.notes) == 1
    assert "reads its pictures again" in found.notes[0]
    assert names(folder) == before


def test_progress_and_cancellation_keep_what_was_read(painter: Sfumato, tmp_path: Path, reads: list[str]) -> None:
    for k in range(40):
        put(tmp_path / f"{k:02}.png", k)
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        painter.search(tmp_path, "a cat", progress=told.append, cancelled=lambda: len(told) == 2)
    assert [(one.step, one.steps) for one in told] == [(16, 40), (32, 40)]
    reads.clear()
    found = painter.search(tmp_path, "a cat")
    assert (found.embedded, found.pictures) == (8, 40)
    assert len(reads) == 8


def test_a_crash_keeps_what_was_read(painter: Sfumato, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(20):
        put(tmp_path / f"{k:02}.png", k)
    real = searching.embed_pictures
    calls = iter([True, False])

    def fail(*given: object) -> np.ndarray:
        if next(calls):
            return real(*given)  # type: ignore[arg-type]
        raise MemoryError

    monkeypatch.setattr(searching, "embed_pictures", fail)
    with pytest.raises(MemoryError):
        painter.search(tmp_path, "a cat")
    monkeypatch.setattr(searching, "embed_pictures", real)
    assert painter.search(tmp_path, "a cat").embedded == 4


def test_a_long_run_saves_on_the_way(painter: Sfumato, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    real = searching.write_index
    monkeypatch.setattr(searching, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(
        searching, "write_index", lambda p, m, entries: (saved.append(len(entries)), real(p, m, entries))
    )
    painter.search(folder, "a cat")
    assert saved == [1, 2, 3, 4, 5, 5]


def test_searches_at_once_do_not_disturb_each_other(painter: Sfumato, folder: Path) -> None:
    found: list[Found] = []
    threads = [
        threading.Thread(target=lambda: found.append(painter.search(folder, "a cat", refresh=True))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [files_of(one, folder) for one in found] == [files_of(found[0], folder)] * 4
    assert painter.search(folder, "a cat").embedded == 0
    assert [name for name in names(folder) if ".part" in name] == []


def test_names_of_any_kind(painter: Sfumato, tmp_path: Path) -> None:
    odd = ["ö 狐.png", "a'b\"c.png", "new\nline.png", os.fsdecode(b"latin-\xe9.png")]
    for k, name in enumerate(odd):
        put(tmp_path / name, k)
    assert painter.search(tmp_path, "a cat").embedded == 4
    assert sorted(files_of(painter.search(tmp_path, "a fox"), tmp_path)) == sorted(odd)
    assert painter.search(tmp_path, "a cat").embedded == 0
