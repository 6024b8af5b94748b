"""What the process behind ``tests.serving`` imports once. Nothing here may start a thread: it is forked."""

import coterie.app.serving
import coterie.app.service  # noqa: F401
