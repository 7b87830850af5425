//! House rules as tests. They read the sources, the manifests and what cargo says of them.
