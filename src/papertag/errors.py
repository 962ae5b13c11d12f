"""The one exception that a user's mistake ends in."""


class UserError(Exception):
    """A mistake that the user can mend.

    The message is a sentence that names the key, file or line and says what to do. The command line
    prints it without a traceback and exits with code 2.
    """
