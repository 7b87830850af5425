//! Where posts go: one file per platform behind one trait.
