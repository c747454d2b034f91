"""`python -m sfumato_train` is the command `sfumato-train`, also for `torchrun -m`."""

import sys

from sfumato_train.cli import main

sys.exit(main())
