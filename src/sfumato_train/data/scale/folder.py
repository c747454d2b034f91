"""The folder that `data prepare` writes: where everything lies, and whose it is."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import InputError
from sfumato.picture.files import write

_OURS = re.compile(r"^\d{5,}\.(tar|safetensors)$")


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`root` holds NNNNN.tar, embeddings/, left_out.jsonl, report.*, prepare.json (last), and .work/ for resuming."""

    root: Path

    @property
    def work(self) -> Path:
        """Rows of steps, named by what they hang on."""
        return self.root / ".work"

    def tar(self, number: int) -> Path:
        """A clean shard."""
        return self.root / f"{number:05d}.tar"

    def embeddings(self, number: int) -> Path:
        """Its embeddings."""
        return self.root / "embeddings" / f"{number:05d}.safetensors"

    def claim(self) -> None:
        """Make the folder; InputError where it holds what this program did not put there."""
        if self.root.exists() and not self.work.is_dir() and any(self.root.iterdir()):
            raise InputError(f"{self.root} is not empty and was not made by `data prepare`; choose another folder.")
        self.work.mkdir(parents=True, exist_ok=True)
        for half in self.root.rglob(".*.part"):  # of a preparation that was killed while it wrote
            half.unlink()

    def turn_to(self, digest: str) -> None:
        """Take away what other rules or other shards left, so that no old shard lies among the new ones."""
        mark = self.work / "current"
        if mark.exists() and mark.read_text(encoding="utf-8") == digest:
            return
        (self.root / "prepare.json").unlink(missing_ok=True)
        for old in self.work.glob("write-*"):
            shutil.rmtree(old)
        for path in (*self.root.glob("*.tar"), *self.root.glob("embeddings/*")):
            if _OURS.match(path.name):
                path.unlink()
        write(mark, digest.encode())

    def finished(self, digest: str) -> dict[str, Any] | None:
        """The report, if all was done for this digest."""
        try:
            done = json.loads((self.root / "prepare.json").read_text(encoding="utf-8"))
            report: dict[str, Any] = json.loads((self.root / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return report if done.get("digest") == digest else None

    def write_text(self, name: str, text: str) -> None:
        """A file of the folder, whole or not at all."""
        write(self.root / name, text.encode())
