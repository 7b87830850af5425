//! The rules of connections, channels and presence. Pure.
