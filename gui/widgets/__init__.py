"""What the pages are made of.  Everything painted says in its accessible name what it shows."""
