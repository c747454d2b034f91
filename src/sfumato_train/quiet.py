"""OpenVINO's converter and NNCF print, warn, draw bars and report their use to their makers; here they do neither."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing is shown on the terminal, and no statistics of use are sent, while the context lasts.

    Both libraries send none in continuous integration, which is how they can be asked not to.
    """
    nowhere, before = io.StringIO(), os.environ.get("CI")
    os.environ["CI"] = "true"
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they warn of what they do themselves, such as tracing
            yield
    finally:
        if before is None:
            del os.environ["CI"]
        else:
            os.environ["CI"] = before
