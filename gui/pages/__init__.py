"""One page of the window per file.  A page is built once and then told each new story."""
