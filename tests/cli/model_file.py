"""A model file (safetensors) as tests compare it."""

import json


def tensors(path):
    """All of a model file but its metadata, in which the command and its timings stand: the header's shapes, and the bytes."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header.pop("__metadata__")
        return header, file.read()
