"""A small shop page for trying decisions out; served with ``nextoffer serve --demo`` only."""
