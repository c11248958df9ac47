"""Pictures, one file each: every one is a `Picture`, which saves itself or joins a `stack`."""

from glassnet.inspect.plots.activations import activations as activations
from glassnet.inspect.plots.boundary import boundary as boundary
from glassnet.inspect.plots.comparison import comparison as comparison
from glassnet.inspect.plots.confusion import confusion as confusion
from glassnet.inspect.plots.curves import curves as curves
from glassnet.inspect.plots.distributions import distributions as distributions
from glassnet.inspect.plots.mistakes import mistakes as mistakes
from glassnet.inspect.plots.picture import Picture as Picture
from glassnet.inspect.plots.picture import stack as stack
from glassnet.inspect.plots.regression import regression as regression
from glassnet.inspect.plots.values import values as values
from glassnet.inspect.plots.weights import weights as weights
