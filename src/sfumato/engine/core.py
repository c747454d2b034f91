"""OpenVINO's entry point, one for the whole process."""

from __future__ import annotations

from functools import cache

import openvino as ov


@cache
def core() -> ov.Core:
    """The process's only `ov.Core`, never given up; safe to use from several threads.

    On CPUs with AMX each core that compiles gives its thread a stack for signals and puts back, when it goes, the one
    it found. Two that do not go in reverse order leave the thread with the freed stack of the other, and the next
    Ctrl-C is a segmentation fault (OpenVINO 2026.4). One that stays has nothing to put back.
    """
    return ov.Core()
