"""What a network did with one row, and why: each formula with its numbers; text, Markdown, JSON."""

from glassnet.explanations.explain import explain as explain
from glassnet.explanations.explanation import Explanation as Explanation
from glassnet.explanations.why import Why as Why
from glassnet.explanations.why import why as why
