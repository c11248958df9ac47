"""Pictures, one file each: every one is a `Picture`, which saves itself or joins a `stack`."""

from glassnet.inspect.plots.confusion import confusion as confusion
from glassnet.inspect.plots.curves import curves as curves
from glassnet.inspect.plots.mistakes import mistakes as mistakes
from glassnet.inspect.plots.picture import Picture as Picture
from glassnet.inspect.plots.picture import stack as stack
from glassnet.inspect.plots.values import values as values
