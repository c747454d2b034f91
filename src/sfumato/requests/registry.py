"""From a picture's record back to the request it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfumato.errors import InputError
from sfumato.requests.base import Request
from sfumato.requests.blend import BlendRequest
from sfumato.requests.checks import listed
from sfumato.requests.draw import DrawRequest
from sfumato.requests.edit import EditRequest
from sfumato.requests.extend import ExtendRequest
from sfumato.requests.shift import ShiftRequest
from sfumato.requests.vary import VaryRequest

KINDS: tuple[type[Request], ...] = (DrawRequest, EditRequest, ExtendRequest, VaryRequest, BlendRequest, ShiftRequest)
OPERATIONS: Mapping[str, type[Request]] = {kind.operation: kind for kind in KINDS}


def read_request(record: Mapping[str, Any]) -> Request:
    """The request of any operation. `InputError` when the record names an unknown one or lacks a field.

    A record without an operation is a drawing: the first version knew nothing else.
    """
    operation = record.get("operation", DrawRequest.operation)
    if operation not in OPERATIONS:
        known = listed(tuple(OPERATIONS))
        raise InputError(f"The picture's operation {operation!r} is unknown; this program knows {known}.")
    return OPERATIONS[operation].from_record(record)
