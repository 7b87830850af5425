//! JWT verification keys by URL: fetched, cached, rotated.
