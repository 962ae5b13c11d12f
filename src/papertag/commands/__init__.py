"""One module a command: it reads the configuration, calls the rooms that do the work, and prints what came out.

Each has ``main(config)``, which the command line finds by the command's name.
"""
