//! The verbs of posts: create, edit, cancel, publish when due.
