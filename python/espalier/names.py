"""Columns and keys have one name each. Files of older versions hold some in another spelling."""

OLD_PREFIX, PREFIX = "val_", "validation_"


def current(name):
    """The name of today: validation_accuracy for val_accuracy."""
    return PREFIX + name[len(OLD_PREFIX) :] if name.startswith(OLD_PREFIX) else name


def with_current_keys(value):
    """A JSON value in which all keys, at any depth, are those of today."""
    if isinstance(value, dict):
        return {current(key): with_current_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_current_keys(item) for item in value]
    return value
