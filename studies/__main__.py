"""``python -m studies`` is the command ``riskmodel``."""

from studies.cli import main

if __name__ == "__main__":
    main()
