//! HTTP: the Pusher HTTP API, sign-in endpoints and the posts API as one router.
