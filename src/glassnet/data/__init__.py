"""Rows of numbers: where they come from, what they mean, and how they are handed to a network."""

from glassnet.data import datasets as datasets
from glassnet.data.augment import Augment as Augment
from glassnet.data.batches import Batches as Batches
from glassnet.data.batches import batches as batches
from glassnet.data.batches import permutation as permutation
from glassnet.data.dataset import Dataset as Dataset
from glassnet.data.meaning import Classes as Classes
from glassnet.data.meaning import Features as Features
from glassnet.data.meaning import Images as Images
from glassnet.data.meaning import Inputs as Inputs
from glassnet.data.meaning import Outputs as Outputs
from glassnet.data.meaning import Values as Values
from glassnet.data.meaning import meaning_from_json as meaning_from_json
from glassnet.data.pixels import Indices as Indices
from glassnet.data.pixels import Pixels as Pixels
from glassnet.data.rows import Rows as Rows
from glassnet.data.rows import one_hot as one_hot
