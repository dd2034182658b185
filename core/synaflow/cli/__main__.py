"""`python -m synaflow.cli`, for where the script `synaflow` isn't on the PATH."""

from __future__ import annotations

import sys

from synaflow.cli import main

sys.exit(main())
