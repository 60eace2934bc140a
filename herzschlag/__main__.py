"""The command line as a module: `python -m herzschlag`."""

from herzschlag.cli.app import main

if __name__ == "__main__":
    main()
