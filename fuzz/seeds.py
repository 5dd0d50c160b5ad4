#!/usr/bin/env python3
"""Writes the binary seeds of fuzz/corpus, byte by byte from the formats' descriptions.

NPY: numpy.lib.format, versions 1.0 to 3.0. NPZ: a ZIP archive of such. idx: the description of the MNIST files
(yann.lecun.com/exdb/mnist). safetensors: github.com/huggingface/safetensors, "Format". The same bytes every time.
"""

import io
import json
import struct
import zipfile
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def put(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def npy(descr, shape, data, fortran=False, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npz(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = method
            archive.writestr(entry, data)
    return out.getvalue()


def idx(kind, shape, data):
    return bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + data


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_npy():
    put("npy", "f8", npy("<f8", "(3,)", struct.pack("<3d", 1.5, float("nan"), -2)))
    put("npy", "f4-table", npy("<f4", "(2, 2)", struct.pack("<4f", 1, 2, 3, 4), fortran=True))
    put("npy", "i2-version-2", npy("<i2", "(2, 1)", struct.pack("<2h", -5, 7), version=2))
    put("npy", "u8-version-3", npy("<u8", "(1,)", struct.pack("<Q", 2**63), version=3))
    put("npy", "images", npy("|u1", "(2, 2, 2)", bytes(range(8))))
    put("npy", "wide", npy("|b1", "(1, 65)", bytes(65)))
    put("npy", "texts", npy("<U2", "(2,)", "ab".encode("utf-32-le") + "ä".encode("utf-32-le") + bytes(4)))
    put("npy", "scalar", npy("<f8", "()", struct.pack("<d", 1)))
    put("npy", "empty", npy("<f8", "(0, 3)", b""))
    put("npy", "big-endian", npy(">i4", "(1,)", bytes(4)))
    put("npy", "short", npy("<f8", "(9,)", bytes(8)))


def write_npz():
    x = npy("<f8", "(2, 2)", struct.pack("<4d", 1, 2, 3, 4))
    y = npy("|i1", "(2,)", bytes([0, 1]))
    names = npy("<U1", "(2,)", "ab".encode("utf-32-le"))
    put("npz", "stored", npz([("x.npy", x), ("y.npy", y)], zipfile.ZIP_STORED))
    put("npz", "deflated", npz([("x.npy", x), ("name.npy", names)], zipfile.ZIP_DEFLATED))
    put("npz", "own-test", npz([(f"{n}_{part}.npy", a) for n, a in (("x", x), ("y", y)) for part in ("train", "test")],
                               zipfile.ZIP_STORED))
    put("npz", "not-npy", npz([("readme.txt", b"hello")], zipfile.ZIP_STORED))


def write_idx():
    put("idx", "images", idx(0x08, [2, 2, 2], bytes(range(8))))
    put("idx", "labels", idx(0x08, [3], bytes([0, 1, 2])))
    put("idx", "floats", idx(0x0D, [2, 1], struct.pack(">2f", 0.5, -1)))
    put("idx", "doubles", idx(0x0E, [1, 2], struct.pack(">2d", 0.5, -1)))
    put("idx", "shorts", idx(0x0B, [2], struct.pack(">2h", 300, -300)))
    put("idx", "integers", idx(0x0C, [1], struct.pack(">i", -70000)))
    put("idx", "signed", idx(0x09, [2], bytes([255, 1])))
    put("idx", "short", idx(0x08, [60000, 28, 28], bytes(4)))


def write_safetensors():
    def tensor(dtype, shape, begin, end):
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    put("safetensors", "two", safetensors({"__metadata__": {"made by": "hand"}, "b": tensor("F64", [1], 0, 8),
                                           "a": tensor("F32", [2, 1], 8, 16)}, struct.pack("<d2f", 1.5, 2, float("nan"))))
    put("safetensors", "scalar", safetensors({"s": tensor("F32", [], 0, 4)}, struct.pack("<f", 1)))
    put("safetensors", "empty", safetensors({"none": tensor("F32", [0, 4], 0, 0)}))
    put("safetensors", "nothing", safetensors({}))
    put("safetensors", "half", safetensors({"h": tensor("F16", [1], 0, 2)}, bytes(2)))
    put("safetensors", "twice", safetensors(b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":1}', bytes(4)))
    put("safetensors", "overlap", safetensors({"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 2, 6)}, bytes(6)))


if __name__ == "__main__":
    write_npy()
    write_npz()
    write_idx()
    write_safetensors()
