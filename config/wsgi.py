"""What a WSGI server runs."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()

from config.connections import end_with_threads  # noqa: E402  (Django is set up by now)
from config.direct import Direct  # noqa: E402  (reads models, which Django has just set up)
from config.front import Front  # noqa: E402  (as above)
from config.gate import Gate  # noqa: E402  (as above)

application = Gate(Front(Direct(_django)))
end_with_threads()
gc.collect()
gc.freeze()  # what is loaded now stays: a collection need not walk it while callers wait
gc.set_threshold(10_000, 20, 50)
