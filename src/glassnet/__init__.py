"""Glassnet: neural networks you can see through.

The public names are listed, once, in `__init__.pyi` beside this file; each is imported when it is
first used, so that ``import glassnet`` costs next to nothing.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__version__ = "0.1.0"
