use clap::CommandFactory;

use super::term::{When, duration};
use super::*;
use crate::config::{Config, JwtKeys, Mode};

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(line.split(' ')).map(Cli::command)
}

#[test]
fn the_definition_is_sound() {
    <Cli as CommandFactory>::command().debug_assert();
}

#[test]
fn no_subcommand_is_serve() {
    for line in [
        "pushbridge --listen 127.0.0.1:0 --store dynamodb --data d --config c",
        "pushbridge serve --listen 127.0.0.1:0 --store dynamodb --data d --config c",
    ] {
        let Ok(Command::Serve(args)) = parse(line) else { panic!("{line}") };
        let expected = Flags {
            listen: Some("127.0.0.1:0".into()),
            store: Some("dynamodb".into()),
            data: Some("d".into()),
            config: Some("c".into()),
        };
        assert_eq!(args.flags(), expected);
    }
    let Ok(Command::Serve(args)) = parse("pushbridge") else { panic!() };
    assert_eq!(args.flags(), Flags::default());
}

#[test]
fn what_is_refused_as_usage() {
    for line in [
        "pushbridge nonsense",
        "pushbridge --lisen 1",
        "pushbridge token",
        "pushbridge token --user",
        "pushbridge token --user a --ttl soon",
        "pushbridge token --user a --ttl 0",
        "pushbridge trigger --event e data",
        "pushbridge trigger --channel c data",
        "pushbridge posts",
        "pushbridge posts schedule text",
        "pushbridge posts schedule --at later text",
        "pushbridge posts list --limit 0",
        "pushbridge posts cancel",
        "pushbridge posts schedule --local-time 2026-11-20T09:00 text",
        "pushbridge posts edit post_1 --draft --at +1h",
        "pushbridge accounts add",
        "pushbridge accounts add bluesky",
        "pushbridge accounts reseal acc_1",
        "pushbridge deliveries",
        "pushbridge series create --every year --local-time a --tz UTC text",
        "pushbridge jobs watch",
        "pushbridge notifications",
        "pushbridge workspace",
        "pushbridge workspace set",
        "pushbridge workspace set --late-limit 90s",
        "pushbridge workspace set --late-limit soon",
        "pushbridge apps",
        "pushbridge apps show",
        "pushbridge apps remove-key 7",
        "pushbridge webhooks",
        "pushbridge webhooks replay",
        "pushbridge cost --connections 1",
        "pushbridge cost --connections many --messages 0",
        "pushbridge cost --connections 1 --messages 1/fortnight",
        "pushbridge cost --connections 1 --messages 0 --hours 25",
    ] {
        let error = parse(line).err().unwrap_or_else(|| panic!("{line} was accepted"));
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn every_command_has_examples() {
    fn check(command: &clap::Command) {
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains("Example"), "{} has no examples", command.get_name());
        command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(check);
    }
    check(&<Cli as CommandFactory>::command());
}

#[test]
fn durations_and_times() {
    for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800)] {
        assert_eq!(duration(text).map(|it| it.as_secs()), Ok(seconds), "{text}");
    }
    for bad in ["", "s", "-1s", "1.5h", "1w", "0", "99999999999d", "1 h", "ü"] {
        assert!(duration(bad).is_err(), "{bad}");
    }
    let now: jiff::Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
    for (text, expected) in [
        ("+10s", "2026-11-20T08:00:10Z"),
        ("+2h", "2026-11-20T10:00:00Z"),
        ("2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00Z"),
    ] {
        assert_eq!(When::parse(text).unwrap().instant(now).to_string(), expected);
    }
    for bad in ["10s", "tomorrow", "2026-12-01", "2026-12-01T09:00:00"] {
        assert!(When::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn tokens_are_for_the_asked_user() {
    let dir = tempfile::tempdir().unwrap();
    let flags = Flags { data: Some(dir.path().into()), ..Flags::default() };
    let env = Env::default();
    let refusal = Config::jwt(&flags, &env).err().unwrap().to_string();
    assert!(refusal.starts_with("No demo was started in "), "{refusal}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    Config::load(&flags, &env).unwrap();
    let (mode, jwt) = Config::jwt(&flags, &env).unwrap();
    assert_eq!(mode, Mode::Demo);
    let JwtKeys::Secret(secret) = &jwt.keys else { panic!() };
    let user = crate::demo::user();
    let made = token::made(&user, &jwt, std::time::Duration::from_secs(60)).unwrap();
    let now_s = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let told = identity::verify(&made, &identity::Keys::secret(secret.expose()), &jwt.rules, now_s)
        .unwrap();
    assert_eq!(told, user);
}
