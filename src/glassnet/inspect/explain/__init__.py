"""What a network did with one row, and why: each formula with its numbers; text, Markdown, JSON."""

from glassnet.inspect.explain.explain import explain as explain
from glassnet.inspect.explain.explanation import Explanation as Explanation
from glassnet.inspect.explain.why import Why as Why
from glassnet.inspect.explain.why import why as why
