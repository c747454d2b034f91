"""Which row of the features sample j of a run is: a pure function of the seed and of j."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ORDER_STREAM = 0x0D0E


def row_of(seed: int, j: int, rows: int) -> int:
    """Sample j is row perm_e(j mod rows) of epoch e = j // rows; in the first epoch the rows come as they lie."""
    epoch, place = divmod(j, rows)
    return place if epoch == 0 else int(permutation(seed, epoch, rows)[place])


@lru_cache(maxsize=2)  # a batch may reach from one epoch into the next
def permutation(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    """The order of an epoch, drawn from Philox keyed by seed and epoch (Salmon et al. 2011)."""
    key = np.array([seed ^ (ORDER_STREAM << 32), epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(rows)
