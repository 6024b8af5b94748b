"""Reports of what was learned, as pages of HTML that need nothing else: one frame, and a page per question."""
