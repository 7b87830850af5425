//! The store port: who is connected, subscribed, present; and the memory store.
