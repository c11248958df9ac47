"""Models: a network with what its numbers mean and how it was made; one file each."""

from glassnet.model.answer import Answer as Answer
from glassnet.model.answer import Doubt as Doubt
from glassnet.model.experience import Experience as Experience
from glassnet.model.loading import load as load
from glassnet.model.model import Model as Model
from glassnet.model.train import train as train
