"""Looking at networks and at what they answer: as text, as pictures; one file each."""

from glassnet.inspect import plots as plots
from glassnet.inspect.mistakes import Mistakes as Mistakes
from glassnet.inspect.mistakes import find_mistakes as find_mistakes
from glassnet.inspect.numerical_gradient import numerical_gradient as numerical_gradient
from glassnet.inspect.summary import summary as summary
from glassnet.inspect.text import image_text as image_text
