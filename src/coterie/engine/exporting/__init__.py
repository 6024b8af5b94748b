"""Out into the tools of analysts: a star schema as files, database tables or a Tableau extract."""
