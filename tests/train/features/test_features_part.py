"""Parts: what is packed comes out again, by any samples of any parts, and damage is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.errors import InputError, OutputError
from sfumato_train.disk import DISK
from sfumato_train.features import part
from sfumato_train.noise import generators, mask, stacked
from support.faulty_disk import Counting

KEY = {"stream": "s", "seed": "0", "data": "d", "clip": "c"}


def batch_of(n: int, *, seed: int = 0, points: bool = True) -> dict[str, Tensor]:
    """Random answers for n samples, captions of 1 to 9 tokens, half of them masked."""
    make = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 10, (n,), generator=make)
    txt_mask = (torch.arange(9) < lengths[:, None]).long()
    batch = {
        "z_img": torch.randn(n, 5, generator=make),
        "z_txt": torch.randn(n, 5, generator=make),
        "txt_tokens": torch.randint(1, 30_000, (n, 9), generator=make) * txt_mask,
        "txt_mask": txt_mask,
        "txt_feats": torch.randn(n, 9, 4, generator=make),
    }
    if not points:
        return batch
    masks = stacked(generators(seed, 0, n), lambda rng: mask(rng, 64, 0.5))
    known = torch.randn(n, 2, 3, 3, generator=make) * (masks.amin(dim=(1, 2, 3)) < 0.5)[:, None, None, None]
    return batch | {"x_0": torch.randn(n, 2, 3, 3, generator=make), "known": known, "mask": masks}


def close(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Equal, floats but for the rounding of f16; features of padding count for nothing."""
    for name, value in expected.items():
        width = found[name].shape[1] if name.startswith("txt") else None
        wanted = value[:, :width] if width is not None else value
        if name == "txt_feats":
            wanted = wanted * expected["txt_mask"][:, :width, None]
        torch.testing.assert_close(found[name].to(wanted.dtype), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("points", [True, False])
def test_what_is_packed_comes_out_again(tmp_path: Path, points: bool) -> None:
    batch = batch_of(12, points=points)
    part.write(DISK, tmp_path / "a.safetensors", part.packed(batch), KEY)
    opened = part.opened(tmp_path / "a.safetensors")
    found = part.unpacked([(opened, i) for i in range(12)])
    assert found.keys() == batch.keys()
    close(found, batch)
    if points:
        assert torch.equal(found["mask"], batch["mask"])
        assert 0 < len(opened.tensors["masked"]) < 12


def test_samples_of_several_parts_come_in_the_order_asked_for(tmp_path: Path) -> None:
    batches = [batch_of(6, seed=seed) for seed in (1, 2)]
    for n, batch in enumerate(batches):
        part.write(DISK, tmp_path / f"{n}.safetensors", part.packed(batch), KEY)
    opened = [part.opened(tmp_path / f"{n}.safetensors") for n in range(2)]
    asked = [(1, 4), (0, 5), (1, 0), (1, 4)]
    found = part.unpacked([(opened[n], i) for n, i in asked])
    close(found, {name: torch.stack([batches[n][name][i] for n, i in asked]) for name in batches[0]})
    assert found["txt_mask"].shape[1] == max(int(batches[n]["txt_mask"][i].sum()) for n, i in asked)


def test_a_part_is_mapped_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    part.write(DISK, path, part.packed(batch_of(6)), KEY)
    places = [tensor.data_ptr() for tensor in part.opened(path).tensors.values() if tensor.numel()]
    assert max(places) - min(places) < path.stat().st_size  # they lie in memory as in the file


def test_a_part_tells_what_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert part.told_key(path) is None
    part.write(DISK, path, part.packed(batch_of(3)), KEY)
    assert part.told_key(path) == KEY
    assert part.is_whole(path)


@pytest.mark.parametrize("cut", [5, 60, -3])
def test_a_torn_part_is_refused_in_a_sentence(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.safetensors"
    part.write(DISK, path, part.packed(batch_of(3)), KEY)
    path.write_bytes(path.read_bytes()[:cut])
    assert part.told_key(path) is None
    assert not part.is_whole(path)
    with pytest.raises(InputError, match=r"is damaged; run `sfumato-train precompute` again"):
        part.opened(path)


def test_a_flipped_bit_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    part.write(DISK, path, part.packed(batch_of(3)), KEY)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert part.told_key(path) == KEY
    assert not part.is_whole(path)


def test_a_part_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A disk that refuses at any boundary leaves either nothing of that name or the whole part."""
    tensors = part.packed(batch_of(3))
    counting = Counting()
    part.write(counting, tmp_path / "whole.safetensors", tensors, KEY)
    for boundary in range(1, len(counting.crossed) + 1):

        def refuse(number: int, _name: str, boundary: int = boundary) -> None:
            if number == boundary:
                raise OSError("no space left")

        path = tmp_path / f"{boundary}.safetensors"
        with pytest.raises(OutputError, match=r"could not be written \(no space left\); free some space"):
            part.write(Counting(refuse), path, tensors, KEY)
        assert not path.exists() or part.is_whole(path)
