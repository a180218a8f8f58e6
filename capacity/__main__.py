"""``python -m capacity``; see ``capacity.command.main``."""

import console
from capacity.command.main import main

if __name__ == "__main__":
    console.run(main)
