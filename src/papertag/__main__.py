"""Run the command line as ``python -m papertag COMMAND key=value ...``."""

from papertag.cli import main

if __name__ == "__main__":
    main()
