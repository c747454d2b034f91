"""Zero-shot classification: the probabilities of labels for a picture (Radford et al. 2021, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sfumato.bundle.manifest import Embedding
from sfumato.picture.convert import Floats
from sfumato.pipeline.embed import TEMPLATES, embed_names, embed_pictures
from sfumato.pipeline.model import Model
from sfumato.text.labels import Labels, check_templates, read_labels
from sfumato.types import Classification


@dataclass(frozen=True, kw_only=True, eq=False)
class Classifier:
    """Labels with the embeddings z_txt [K, E] that stand for them; of "X" and "not X" only X has one."""

    model: Model
    labels: Labels
    z_txt: Floats

    def __call__(self, pictures: Floats) -> list[Classification]:
        """One classification for each picture [N, 4, 64, 64], premultiplied in [-1, 1]."""
        cosines = embed_pictures(self.model, pictures) @ self.z_txt.T
        p = probabilities(cosines, self.labels, self.model.manifest.embedding)
        return [Classification(labels=self.labels.names, probabilities=tuple(row)) for row in p.tolist()]


def classifier(model: Model, labels: Sequence[str], templates: Sequence[str] = TEMPLATES) -> Classifier:
    """Checks the labels and embeds them once; each is the mean over the templates. Raises `InputError`."""
    read, said = read_labels(labels), check_templates(templates)
    named = read.names if read.denied is None else (read.asked,)
    return Classifier(model=model, labels=read, z_txt=embed_names(model, named, said))


def probabilities(cosines: Floats, labels: Labels, embedding: Embedding) -> Floats:
    """Cosines [N, K] of pictures with labels → probabilities [N, labels], rows of sum 1.

    Plain labels: softmax of logit_scale · cosine, as CLIP was trained. X and its opposite: CLIP knows no negation, so
    p(X) = sigmoid(logit_scale · (cosine − threshold)), with the threshold at which X is as likely right as wrong
    (Platt 1999, with the trained slope), and "not X" is the rest.
    """
    logits = np.float32(embedding.logit_scale) * cosines
    if labels.denied is None:
        return softmax(logits)
    against = np.full_like(logits, embedding.logit_scale * embedding.threshold)
    pair = softmax(np.concatenate([logits, against], axis=1))
    return pair if labels.denied == 1 else pair[:, ::-1]


def softmax(logits: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return out
