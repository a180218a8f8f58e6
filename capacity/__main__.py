"""``python -m capacity``; see ``capacity.command.main``."""

import sys

from capacity.command.main import main

if __name__ == "__main__":
    sys.exit(main())
