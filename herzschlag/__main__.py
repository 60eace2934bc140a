"""The command line as a module: `python -m herzschlag`."""

from herzschlag.cli import main

if __name__ == "__main__":
    main()
