//! Who a user is (JWT) and what they may see (policy).
