"""What the process behind ``tests.serving`` imports once. Nothing here may start a thread: it is forked."""

