//! Health: this process answers.

/// Says that the server is up
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "It is up", body = str, content_type = "text/plain"))
)]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}
