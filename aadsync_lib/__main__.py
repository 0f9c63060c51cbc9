"""``python -m aadsync_lib`` is ``aadsync``."""

from aadsync_lib.cli import main

if __name__ == "__main__":
    main(prog_name="aadsync")
