"""The network in FastAPI with PyTorch, as one writes it: pydantic in, pydantic out.

MODEL names the model file.
"""

from __future__ import annotations

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.serving_peers.weights import network

torch.set_num_threads(1)
net = network(os.environ["MODEL"])
app = FastAPI()


class Asked(BaseModel):
    rows: list[float]


class Answer(BaseModel):
    digit: str
    probability: float
    probabilities: list[float]


@app.post("/predict")
async def predict(asked: Asked) -> Answer:
    with torch.inference_mode():
        y = net(torch.tensor(asked.rows) / 255)
        p = torch.softmax(y, dim=0)
    probabilities = p.tolist()
    best = int(p.argmax())
    return Answer(digit=str(best), probability=probabilities[best], probabilities=probabilities)
