//! What `serve` prints when it is ready.

use std::net::SocketAddr;

use crate::config::{APP_ID, KEY, SECRET};

/// Who is greeted.
#[derive(Clone, Copy)]
pub(crate) enum Greeting<'a> {
    /// Someone who tries the demo: everything needed to go on is printed.
    Demo {
        /// A token of the demo's user. Printed on purpose: it is good for this machine only.
        token: &'a str,
        /// The id of the demo's account.
        account_id: &'a str,
    },
    /// An operator, who knows their credentials.
    Configured,
}

/// The text for standard output, under 20 lines. `address` is the one that is really bound.
pub(crate) fn banner(address: SocketAddr, greeting: Greeting<'_>) -> String {
    let first = format!("Pushbridge listening on http://{address}");
    match greeting {
        Greeting::Configured => {
            format!(
                "{first}\nWebSockets at ws://{address}/app/KEY, the API's description at /api/openapi.json.\n"
            )
        }
        Greeting::Demo { token, account_id } => {
            format!("{first}\n\n{}", demo(address, token, account_id))
        }
    }
}

fn demo(address: SocketAddr, token: &str, account_id: &str) -> String {
    let (host, port) = (host(address), address.port());
    // The shell computes the due time when the command is pasted; `date +%s` is the same everywhere.
    let due = "'$(( $(date +%s) + 10 ))'000";
    format!(
        "\
This is the demo: everyone knows its credentials, so only this machine can reach it.

  Page        http://{address}/
  WebSocket   ws://{address}/app/{KEY}?protocol=7
  App         id {APP_ID}, key {KEY}, secret {SECRET}

pusher-js:
  import Pusher from 'pusher-js';
  const pusher = new Pusher('{KEY}', {{ wsHost: '{host}', wsPort: {port}, forceTLS: false,
    enabledTransports: ['ws', 'wss'], cluster: '' }});
  pusher.subscribe('news').bind_global(console.log);

A post in 10 seconds:
  curl http://{address}/api/posts -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer {token}' \\
    -d '{{\"text\":\"Hello\",\"accounts\":[\"{account_id}\"],\"scheduled_at\":{due}}}'
"
    )
}

/// The host as a browser wants it: IPv6 in brackets.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: Greeting<'_> = Greeting::Demo { token: "aaa.bbb.ccc", account_id: "acc_1" };

    fn address() -> SocketAddr {
        "127.0.0.1:6001".parse().unwrap()
    }

    #[test]
    fn the_demo_tells_all_in_under_20_lines() {
        let text = banner(address(), DEMO);
        assert!(text.starts_with("Pushbridge listening on http://127.0.0.1:6001\n"));
        assert!(text.lines().count() < 20, "{text}");
        for part in [
            "http://127.0.0.1:6001/\n",
            "ws://127.0.0.1:6001/app/demo-key",
            "1001",
            "demo-key",
            "demo-secret",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn the_operator_gets_two_lines_and_no_secret() {
        let text = banner(address(), Greeting::Configured);
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.starts_with("Pushbridge listening on http://127.0.0.1:6001\n")
                && !text.contains("demo")
        );
    }

    #[test]
    fn the_command_computes_its_due_time_when_pasted() {
        let text = banner(address(), DEMO);
        let command = text.split_once("  curl").unwrap().1;
        let shell =
            format!("curl() {{ for last; do :; done; printf '%s' \"$last\"; }}\ncurl {command}");
        let output = std::process::Command::new("bash").args(["-c", &shell]).output().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let now_s = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let ahead_s = body["scheduled_at"].as_u64().unwrap() / 1000 - now_s;
        assert!((8..=10).contains(&ahead_s), "{ahead_s}");
        assert_eq!((&body["text"], &body["accounts"][0]), (&"Hello".into(), &"acc_1".into()));
    }

    #[test]
    fn ipv6_stands_in_brackets() {
        let text = banner("[::1]:6001".parse().unwrap(), DEMO);
        assert!(
            text.contains("http://[::1]:6001/\n") && text.contains("wsHost: '[::1]'"),
            "{text}"
        );
    }
}
