"""A model file's network, as PyTorch has it."""

from __future__ import annotations

import torch

import glassnet as gn


def network(path: str) -> torch.nn.Sequential:
    """Return 784-30-10 with sigmoids, as PyTorch's layers with the file's weights."""
    model = gn.load(path)
    layers: list[torch.nn.Module] = []
    arrays = model.network.parameters()
    for name in sorted({key.partition(".")[0] for key in arrays}):
        w, b = (
            torch.from_numpy(arrays[f"{name}.W"].copy()),
            torch.from_numpy(arrays[f"{name}.b"].copy()),
        )
        dense = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            dense.weight.copy_(w.T)
            dense.bias.copy_(b)
        layers += [dense, torch.nn.Sigmoid()]
    return torch.nn.Sequential(*layers[:-1]).eval()
