"""Writes the songs as the peers of P8 split and standardise them.

usage: split_songs.py FOLDER_OF_PEERS SONGS.csv OUT.csv     columns x0 ... x11, y, part (0: train, 1: choose)
"""
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import data  # noqa: E402  (the peers' own)

x, y, _ = data.load(sys.argv[2])
train_x, train_y, choose_x, choose_y = data.split(x, y)[:4]
part = np.concatenate([np.zeros(len(train_y)), np.ones(len(choose_y))])
table = np.column_stack([np.concatenate([train_x, choose_x]), np.concatenate([train_y, choose_y]), part])
names = ["x%d" % c for c in range(train_x.shape[1])] + ["y", "part"]
np.savetxt(sys.argv[3], table, fmt="%.9g", delimiter=",", header=",".join(names), comments="")
