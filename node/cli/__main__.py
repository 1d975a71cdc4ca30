"""``python -m node.cli`` is ``perennial``."""

from node.cli import main

if __name__ == "__main__":
    main()
