"""The work of a project: ingest, plan, apply, replay, verify, preview, explain. One file per task."""
