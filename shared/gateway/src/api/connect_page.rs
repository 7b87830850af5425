//! What a person sees who comes back from a platform: a small page that runs and loads nothing.

use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE,
};
use axum::response::{IntoResponse, Response};
use posts::Account;

use crate::problem::Problem;

/// What the browser keeps while its user is at the platform.
pub(super) const COOKIE: &str = "pushbridge_connect";
/// For how long, in seconds: as long as the state is good.
pub(super) const LIFE_S: u64 = posts::CONNECT_FOR.as_secs();

/// Accounts are connected.
pub(super) fn connected(accounts: &[Account]) -> Response {
    let names: Vec<_> =
        accounts.iter().map(|it| format!("{} ({})", it.name, it.platform)).collect();
    page(StatusCode::OK, "Connected", &format!("{}. You can close this page.", names.join(", ")))
}

/// It did not work.
pub(super) fn failed(problem: &Problem) -> Response {
    page(problem.status(), "Not connected", &problem.sentence())
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escape(title), escape(text));
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:1.1rem system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}}</style>\
         <h1>{title}</h1><p>{text}</p></html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'".to_owned()),
        // The address holds a code.
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (SET_COOKIE, format!("{COOKIE}=; Path=/api/accounts/connect; Max-Age=0; HttpOnly")),
    ];
    (status, headers, body).into_response()
}

fn escape(text: &str) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")]
        .into_iter()
        .fold(text.to_owned(), |text, (mark, entity)| text.replace(mark, entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_accounts_are_no_markup() {
        assert_eq!(escape("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
    }
}
