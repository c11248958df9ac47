"""The service: models over HTTP, with a page to try them on.

    models = Models.load(["digits.safetensors"])
    app = create_app(models, Settings())        # an ASGI application, for any ASGI server

`glassnet serve` runs it. The extra `serve` brings what it needs.
"""

from glassnet.errors import missing_extra

try:
    import msgspec as _msgspec  # noqa: F401
    import prometheus_client as _prometheus_client  # noqa: F401
    import uvicorn as _uvicorn  # noqa: F401
except ImportError as error:
    raise missing_extra("glassnet serve", str(error.name), "serve") from None

from glassnet.serve.app import App as App
from glassnet.serve.app import create_app as create_app
from glassnet.serve.models import Models as Models
from glassnet.serve.settings import Settings as Settings
