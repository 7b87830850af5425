//! The life of a post and its deliveries. Pure.
