"""With which options, and with which right to the processor, does a process run?

The same in `up`, in docker-compose.yml (a test compares) and in the bench.
"""

from __future__ import annotations

from typing import Final

#: Of the web server. 32 threads: callbacks that wait for one commit wait together, and a slow disk
#: or a short processor makes many wait; of so many it warns, therefore it tells errors only. A
#: thread that was needed may be needed again: it has a connection to the database and plans
#: prepared there, so it stays as long as it may.
WEB: Final = (
    *("--interface", "wsgi", "--no-ws", "--http", "1", "--runtime-mode", "st"),
    *("--blocking-threads", "32", "--blocking-threads-idle-timeout", "600"),
    *("--log-level", "error"),
)
#: Of workers for the bulk: campaigns and reports never take the processor from people who wait.
BULK_NICE: Final = 10
#: Of PostgreSQL. Open work lives for seconds: its dead rows are to be reused soon, not in a minute.
POSTGRES: Final = ("shared_buffers=256MB", "jit=off", "autovacuum_naptime=10s")
