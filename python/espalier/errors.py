"""What is raised for files that are not as they should be."""


class FormatError(ValueError):
    """A file is damaged, or is not what its name says."""

    def __init__(self, path, what):
        super().__init__(f"{path}: {what}")
