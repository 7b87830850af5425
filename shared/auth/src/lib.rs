//! Signatures of the Pusher Channels protocol. Pure.
