"""Export: a model as something that runs without Glassnet."""

from glassnet.export.check import Check as Check
from glassnet.export.web_page import Page as Page
from glassnet.export.web_page import export_html as export_html

__all__ = ["Check", "Page", "export_html"]
