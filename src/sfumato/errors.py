"""The errors a user can meet.

Every message is one sentence that names the thing that is wrong and says what to do about it.
"""


class SfumatoError(Exception):
    """Base of all errors that are the user's to read rather than a bug of ours."""


class InputError(SfumatoError, ValueError):
    """Something the user gave (a prompt, a size, a file) cannot be used."""


class BundleError(SfumatoError):
    """A model bundle is missing, incomplete or does not match its manifest."""


class OutputError(SfumatoError, OSError):
    """A result could not be written; nothing half-written is left behind."""


class Cancelled(SfumatoError):
    """The caller asked for the work to stop; it stopped between two steps."""
