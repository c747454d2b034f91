"""A task turns samples into a loss; there is one for each kind of stage."""

from typing import Any

from sfumato_train.config import Stage
from sfumato_train.context import Context
from sfumato_train.loop import Task
from sfumato_train.tasks.ar_prior import ArPriorTask
from sfumato_train.tasks.autoencoder import AutoencoderTask
from sfumato_train.tasks.clip import ClipTask
from sfumato_train.tasks.decoder import DecoderTask
from sfumato_train.tasks.judge import JudgeTask
from sfumato_train.tasks.language import LanguageTask
from sfumato_train.tasks.prior import PriorTask
from sfumato_train.tasks.upsampler import UpsamplerTask

TASKS: dict[str, Any] = {
    "ar_prior": ArPriorTask,
    "autoencoder": AutoencoderTask,
    "clip": ClipTask,
    "decoder": DecoderTask,
    "judge": JudgeTask,
    "language": LanguageTask,
    "prior": PriorTask,
    "upsampler": UpsamplerTask,
}


def task_of(stage: Stage, context: Context) -> Task:
    """The task of a stage, its network freshly initialised and earlier stages loaded from the context's runs."""
    task: Task = TASKS[stage.kind](stage, context)
    return task
