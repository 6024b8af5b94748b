"""The service at work: journal entries become rows of the log, changes and one commit; asked by the web, kept across crashes."""
