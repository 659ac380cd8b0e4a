"""A small shop page to try decisions, served only by ``nextoffer serve --demo``."""
