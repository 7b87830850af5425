use std::path::PathBuf;
use std::time::Duration;

use super::*;

const REAL: [(&str, &str); 4] = [
    ("PUSHER_APP_ID", "7"),
    ("PUSHER_KEY", "live-key"),
    ("PUSHER_SECRET", "live-secret"),
    ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
];

struct World {
    dir: tempfile::TempDir,
    flags: Flags,
}

impl World {
    /// A data directory and a configuration file of this text.
    fn new(file: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("pushbridge.toml");
        std::fs::write(&config, file).unwrap();
        let flags =
            Flags { data: Some(dir.path().join("data")), config: Some(config), ..Flags::default() };
        Self { dir, flags }
    }

    fn load(&self, env: &[(&str, &str)]) -> Result<Config, String> {
        let env = env.iter().copied().collect();
        Config::load(&self.flags, &env).map_err(|error| error.to_string())
    }

    fn refusal(&self, env: &[(&str, &str)]) -> String {
        let error = self.load(env).err().unwrap_or_else(|| panic!("{env:?} was accepted"));
        error.replace(&self.dir.path().display().to_string(), "DIR")
    }
}

#[test]
fn nothing_configured_is_the_demo() {
    let world = World::new("");
    let config = world.load(&[]).unwrap();
    assert_eq!((config.mode, config.listen.to_string().as_str()), (Mode::Demo, "127.0.0.1:6001"));
    let app = config.apps.first();
    assert_eq!((app.id.as_str(), app.keys[0].key.as_str()), ("1001", "demo-key"));
    assert_eq!(app.keys[0].secret.expose(), b"demo-secret");
    assert!(config.publishing.allow_private_addresses);
    assert_eq!(config.allowed_origins, Origins::Loopback);
    assert!(config.cron_secret.is_none());
}

#[test]
fn the_store_is_the_flags_then_the_environments_then_the_files() {
    let store = |world: &World, env: &[(&str, &str)]| world.load(env).unwrap().store;
    assert_eq!(store(&World::new(""), &[]), StoreKind::Memory);
    let mut world = World::new("[server]\nstore = \"dynamodb\"");
    assert_eq!(store(&world, &[]), StoreKind::Dynamodb);
    assert_eq!(store(&world, &[("PUSHBRIDGE_STORE", "memory")]), StoreKind::Memory);
    world.flags.store = Some("dynamodb".into());
    assert_eq!(store(&world, &[("PUSHBRIDGE_STORE", "memory")]), StoreKind::Dynamodb);
}

#[test]
fn the_demo_keeps_its_secret_to_its_owner() {
    let world = World::new("");
    let secret = |config: Config| match config.jwt.keys {
        JwtKeys::Secret(secret) => secret.expose().to_vec(),
        JwtKeys::Jwks(_) => panic!("the demo has a secret"),
    };
    let first = secret(world.load(&[]).unwrap());
    assert_eq!(first, secret(world.load(&[]).unwrap()));
    assert_ne!(first, secret(World::new("").load(&[]).unwrap()));
    let data = world.flags.data.clone().unwrap();
    let files: Vec<PathBuf> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files, [data.join("demo-jwt-secret")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&files[0], "short").unwrap();
    assert_eq!(
        world.refusal(&[]),
        "DIR/data/demo-jwt-secret cannot be used: it is not 64 hexadecimal digits; \
         a good value is made at the next start if you delete the file."
    );
}

#[test]
fn the_environment_alone_is_enough() {
    let world = World::new("");
    let env = [
        &REAL[..],
        &[
            ("JWT_AUDIENCE", "dashboard"),
            ("JWT_ISSUER", "https://auth.example.com"),
            ("CRON_SECRET", "0123456789abcdef"),
            ("PUSHBRIDGE_ALLOWED_ORIGINS", "https://a.example, http://b.example:8080"),
            ("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES", "1"),
            ("PUSHBRIDGE_LATE_LIMIT_MINUTES", "90"),
            ("PUSHBRIDGE_LISTEN", "0.0.0.0:80"),
        ],
    ];
    let config = world.load(&env.concat()).unwrap();
    assert_eq!((config.mode, config.listen.to_string().as_str()), (Mode::Configured, "0.0.0.0:80"));
    assert_eq!(config.apps.first().keys[0].key.as_str(), "live-key");
    assert_eq!(config.jwt.rules.audience.as_deref(), Some("dashboard"));
    assert_eq!(config.jwt.rules.issuer.as_deref(), Some("https://auth.example.com"));
    assert!(config.cron_secret.unwrap().is(b"0123456789abcdef"));
    assert_eq!(config.publishing.late_limit, Duration::from_secs(90 * 60));
    assert!(config.publishing.allow_private_addresses);
    let origins = config.allowed_origins;
    assert!(origins.allows("https://a.example") && origins.allows("http://b.example:8080"));
    assert!(!origins.allows("https://b.example") && !origins.allows("http://localhost:3000"));
    assert!(!world.flags.data.unwrap().exists(), "no demo secret is made");
}

const FULL: &str = r#"
[[apps]]
id = "7"
keys = [{ key = "a", secret = "x" }, { key = "b", secret = "y" }]
client_events = true
allowed_origins = ["https://a.example"]
user_prefixes = ["private-chat-"]

[apps.limits]
event_data_bytes = 20480
connections = 50
requests_per_second = 5
per_user = { commands_per_second = 0, subscribes_per_second = 7 }
per_app = { client_events_per_second = 9 }


[[apps]]
id = "8"
name = "Second"
keys = [{ key = "c", secret = "z" }]

[jwt]
jwks_url = "https://auth.example.com/jwks"
workspaces_claim = "teams"

[server]
listen = "127.0.0.1:7000"

[publishing]
late_limit_minutes = 15

[platforms.x]
client = { id = "client", secret = "client-secret" }

[platforms.linkedin]
version = "202611"
"#;

#[test]
fn the_file_alone_is_enough() {
    let config = World::new(FULL).load(&[]).unwrap();
    let first = config.apps.first();
    assert_eq!((first.keys.len(), first.name.as_str(), first.enabled), (2, "App 7", true));
    assert_eq!((first.limits.event_data_bytes, first.limits.connections), (20_480, Some(50)));
    let (of_user, of_app) = (first.limits.per_user, first.limits.per_app);
    let count = |rate: Option<throttle::Rate>| rate.map(throttle::Rate::count);
    assert_eq!((of_user.commands, count(of_user.subscribes)), (None, Some(7)));
    assert_eq!((count(of_app.client_events), count(of_app.requests)), (Some(9), Some(5)));
    assert_eq!((of_app.commands, count(of_user.client_events)), (None, Some(500)));
    assert_eq!(first.user_prefixes, ["private-chat-"]);
    let second = config.apps.by_key(&"c".into_key()).unwrap();
    assert_eq!((second.name.as_str(), second.client_events), ("Second", false));
    assert!(
        matches!(&config.jwt.keys, JwtKeys::Jwks(url) if url.as_str() == "https://auth.example.com/jwks")
    );
    assert_eq!(
        (config.jwt.rules.user_id_claim.as_str(), config.jwt.rules.workspaces_claim.as_str()),
        ("sub", "teams")
    );
    assert_eq!(config.listen.port(), 7000);
    assert!(!config.publishing.allow_private_addresses);
    let (x, linkedin) = (config.platforms.x, config.platforms.linkedin);
    assert_eq!(x.client.as_ref().map(|client| client.id.as_str()), Some("client"));
    assert!(!format!("{x:?}").contains("client-secret"));
    assert_eq!(
        (linkedin.version.as_str(), linkedin.api.as_str()),
        ("202611", "https://api.linkedin.com")
    );
}

trait IntoKey {
    fn into_key(self) -> protocol::AppKey;
}

impl IntoKey for &str {
    fn into_key(self) -> protocol::AppKey {
        protocol::AppKey::new(self)
    }
}

#[test]
fn flags_beat_the_environment_and_that_beats_the_file() {
    let mut world = World::new(FULL);
    let config = world.load(&REAL).unwrap();
    assert_eq!(config.apps.first().keys[0].key.as_str(), "live-key");
    assert!(
        config.apps.by_key(&"a".into_key()).is_none(),
        "the file's app of the same id is replaced"
    );
    assert!(config.apps.by_key(&"c".into_key()).is_some());
    assert!(matches!(config.jwt.keys, JwtKeys::Secret(_)));

    let env = [("PUSHBRIDGE_LISTEN", "127.0.0.1:7001")];
    assert_eq!(world.load(&env).unwrap().listen.port(), 7001);
    world.flags.listen = Some("localhost:7002".into());
    assert_eq!(world.load(&env).unwrap().listen.to_string(), "127.0.0.1:7002");
}

#[test]
fn refusals_of_the_environment_name_the_value_and_a_good_one() {
    let with = |name, value| -> Vec<_> {
        REAL.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect()
    };
    let table = [
        (with("PUSHER_KEY", ""), "PUSHER_KEY is missing; set it, for example to my-key."),
        (vec![("PUSHER_SECRET", "x")], "PUSHER_APP_ID is missing; set it, for example to 1001."),
        (vec![REAL[3]], "PUSHER_APP_ID is missing; set it, for example to 1001."),
        (
            REAL[..3].to_vec(),
            "JWT_SECRET is missing; set it, for example to the output of `openssl rand -hex 32` (or set JWT_JWKS_URL).",
        ),
        (
            with("JWT_SECRET", "hush"),
            "JWT_SECRET cannot be used: it has 4 bytes and HS256 needs 32; a good value is the output of `openssl rand -hex 32`.",
        ),
        (
            with("JWT_JWKS_URL", "https://x.example"),
            "JWT_JWKS_URL cannot be used: JWT_SECRET is set as well, and only one of the two may be; a good value is none at all, if users' tokens are signed with a secret.",
        ),
        (
            with("CRON_SECRET", "hush"),
            "CRON_SECRET cannot be used: it is shorter than 16 characters; a good value is the output of `openssl rand -hex 32`.",
        ),
        (
            with("PUSHBRIDGE_LISTEN", "6001"),
            "PUSHBRIDGE_LISTEN cannot be used: \"6001\" is not an address and port; a good value is 127.0.0.1:6001.",
        ),
        (
            with("PUSHBRIDGE_STORE", "redis"),
            "PUSHBRIDGE_STORE cannot be used: \"redis\" is not a store; a good value is memory or dynamodb.",
        ),
        (
            with("PUSHBRIDGE_ALLOWED_ORIGINS", "a.example"),
            "PUSHBRIDGE_ALLOWED_ORIGINS cannot be used: \"a.example\" is not scheme://host or scheme://host:port; a good value is https://app.example.com.",
        ),
        (
            with("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES", "yes"),
            "PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES cannot be used: \"yes\" is not understood; a good value is true.",
        ),
        (
            with("PUSHBRIDGE_LATE_LIMIT_MINUTES", "5"),
            "PUSHBRIDGE_LATE_LIMIT_MINUTES cannot be used: 5 is not between 15 and 1440; a good value is 60.",
        ),
        (
            with("PUSHER_KEY", "a:b"),
            "PUSHER_KEY cannot be used: \"a:b\" is not 1 to 128 letters, digits, '-', '_' or '.'; a good value is my-key.",
        ),
    ];
    let world = World::new("");
    for (env, expected) in table {
        assert_eq!(world.refusal(&env), expected);
    }
    assert!(!world.flags.data.unwrap().exists(), "a refused start changes nothing");
}

#[test]
fn refusals_of_the_file_name_the_field_and_never_a_secret() {
    let table = [
        (
            "[server]\nlisen = \"127.0.0.1:1\"\n",
            "DIR/pushbridge.toml line 2: unknown field `lisen`, expected one of `listen`, `store`, `data`, `allowed_origins`, `admin_key`, `public_url`, `trusted_proxies`, `connects_per_minute_per_address`, `auth_failures_per_minute_per_address`, `api_requests_per_second_per_user`.",
        ),
        ("[jwt]\nsecret = 123456\n", "DIR/pushbridge.toml line 2: a secret is a text in quotes."),
        (
            "[[apps]]\nid = \"7\"\nkeys = []\n",
            "apps[0].keys is missing; set it, for example to [{ key = \"my-key\", secret = \"my-secret\" }].",
        ),
        (
            "[[apps]]\nid = \"7/8\"\nkeys = []\n",
            "apps[0].id cannot be used: \"7/8\" is not 1 to 128 letters, digits, '-', '_' or '.'; a good value is \"1001\".",
        ),
        ("[[apps]]\nid = \"7\"\n", "DIR/pushbridge.toml line 1: missing field `keys`."),
        (
            "[[apps]]\nid = \"7\"\nkeys = [{ key = \"k\", secret = \"s\" }]\n[[apps.webhooks]]\nurl = \"x\"\n",
            "apps[0].webhooks[0].url cannot be used: it is not a web address of at most 2048 bytes; a good value is \"https://example.com/hooks\".",
        ),
        (
            "[server]\nadmin_key = \"hush\"\n",
            "server.admin_key cannot be used: it is shorter than 16 characters; a good value is the output of `openssl rand -hex 32`.",
        ),
        (
            "[jwt]\njwks_url = \"http://auth.example.com\"\n",
            "jwt.jwks_url cannot be used: it does not begin with https://; a good value is https://auth.example.com/.well-known/jwks.json.",
        ),
    ];
    for (file, expected) in table {
        assert_eq!(World::new(file).refusal(&[]), expected);
    }
    let twice = FULL.replace("\"8\"", "\"7\"");
    assert_eq!(
        World::new(&twice).refusal(&[]),
        "The apps cannot be used: two apps have the id 7: give each its own."
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let mut world = World::new("");
    world.flags.config = Some(world.dir.path().join("absent.toml"));
    let refusal = world.refusal(&[]);
    assert!(refusal.starts_with("DIR/absent.toml cannot be read (No such file"), "{refusal}");
    let mut world = World::new("");
    world.flags.data = Some(world.dir.path().join("pushbridge.toml/data"));
    let refusal = world.refusal(&[]);
    assert!(refusal.contains("cannot be written") && refusal.contains("--data"), "{refusal}");
}

#[test]
fn the_demo_stays_on_this_machine() {
    let mut world = World::new("");
    for address in ["0.0.0.0:6001", "[::]:6001", "192.168.1.5:6001"] {
        world.flags.listen = Some(address.into());
        let refusal = world.refusal(&[]);
        assert!(refusal.starts_with("The demo listens on loopback addresses only"), "{refusal}");
        assert!(refusal.contains("PUSHER_APP_ID"), "{refusal}");
    }
    for address in ["127.0.0.1:0", "[::1]:6001", "127.8.9.10:1"] {
        world.flags.listen = Some(address.into());
        assert!(world.load(&[]).is_ok(), "{address}");
    }
}

#[test]
fn secrets_do_not_print_themselves() {
    let printed = format!("{:?}", World::new("").load(&REAL).unwrap());
    assert!(!printed.contains("live-secret") && !printed.contains("0123456789abcdef"), "{printed}");
}

#[test]
fn loopback_origins_are_whole_names() {
    for (origin, allowed) in [
        ("http://localhost:3000", true),
        ("http://127.0.0.1:6001", true),
        ("http://[::1]:6001", true),
        ("http://localhost.example", false),
        ("http://127.0.0.1.example", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(Origins::Loopback.allows(origin), allowed, "{origin:?}");
    }
}
