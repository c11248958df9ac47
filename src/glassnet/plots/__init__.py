"""Pictures, one file each: every one is a `Picture`, which saves itself or joins a `stack`."""

from glassnet.plots.activations import activations as activations
from glassnet.plots.boundary import boundary as boundary
from glassnet.plots.comparison import comparison as comparison
from glassnet.plots.confusion import confusion as confusion
from glassnet.plots.curves import curves as curves
from glassnet.plots.distributions import distributions as distributions
from glassnet.plots.mistakes import mistakes as mistakes
from glassnet.plots.picture import Picture as Picture
from glassnet.plots.picture import stack as stack
from glassnet.plots.regression import regression as regression
from glassnet.plots.values import values as values
from glassnet.plots.weights import weights as weights
