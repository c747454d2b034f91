"""What each process of a distributed test does: `torchrun … ranks.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from sfumato_train.distributed import averaged, process_group, world, wrapped
from sfumato_train.loop import Trainer
from sfumato_train.tasks.clip import ClipTask
from support.toy import ToyTask, toy_stage

E = 5


class Towers(nn.Module):
    """Two linear towers and a temperature, called as CLIP is."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image, self.text = nn.Linear(7, E), nn.Linear(6, E)
        self.log_scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, picture: Tensor, tokens: Tensor, _mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        unit = nn.functional.normalize
        return unit(self.image(picture), dim=1), unit(self.text(tokens), dim=1), self.log_scale.exp()


def contrastive_batch(rows: slice = slice(None)) -> dict[str, Tensor]:
    """Eight pairs of five concepts."""
    generator = torch.Generator().manual_seed(4)
    batch = {
        "picture": torch.randn(8, 7, generator=generator),
        "txt_tokens": torch.randn(8, 6, generator=generator),
        "txt_mask": torch.ones(8, 1),
        "concepts": torch.tensor([3, 1, 4, 1, 5, 9, 3, 3]),
    }
    return {name: value[rows] for name, value in batch.items()}


def contrastive_gradients(network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gradients by parameter, with the loss."""
    loss = ClipTask.loss(None, network, batch)["loss"]  # type: ignore[arg-type]
    loss.backward()  # type: ignore[no-untyped-call]
    named = {name.removeprefix("module."): p.grad for name, p in network.named_parameters()}
    return {name: grad for name, grad in named.items() if grad is not None} | {"loss": averaged(loss).detach()}


def main(folder: Path) -> None:
    """Train the toy, differentiate a contrastive loss, and stop on a clock that ranks disagree about."""
    torch.set_num_threads(1)
    rank, ranks = world()
    with process_group():
        Trainer(ToyTask(), toy_stage(steps=6, save_every=2, sheet_every=3), folder / f"toy-{rank}").run()
        share = 8 // ranks
        batch = contrastive_batch(slice(rank * share, (rank + 1) * share))
        save_file(contrastive_gradients(wrapped(Towers()), batch), folder / f"gradients-{rank}.safetensors")
        late = Trainer(ToyTask(), toy_stage(steps=50), folder / f"late-{rank}")
        late.run(minutes=0 if rank else 60)
        (folder / f"stopped-{rank}").write_text(str(late.step))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
