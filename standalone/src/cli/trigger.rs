//! `pushbridge trigger`: publish an event as the app.

use std::io::{Read, Write};

use auth::{Request, sign_request};
use clap::Args;
use protocol::limits::{CHANNELS_PER_TRIGGER, EVENT_DATA_BYTES};
use serde_json::json;

use super::{CliError, DEFAULT_URL, Place, api};
use crate::config::{Config, Env};

const EXAMPLES: &str = "\
DATA is sent as it is; receivers of JSON get it parsed. Without DATA, standard
input is sent. The credentials are those of the first configured app, or the
demo's.

Examples:
  pushbridge trigger --channel news --event hello '{\"n\":1}'
  pushbridge trigger --channel private-user-7 --channel news --event note 'Lunch!'
  date | pushbridge trigger --channel clock --event tick
  PUSHER_APP_ID=7 PUSHER_KEY=k PUSHER_SECRET=s \\
    pushbridge trigger --url https://push.example.com --channel news --event hi '{}'";

/// Most bytes that are read from standard input. Apps may allow more than Pusher's 10 kB; a message never has more.
const STDIN_BYTES: usize = protocol::limits::CLIENT_MESSAGE_BYTES;

/// What to publish.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TriggerArgs {
    /// The event's data; standard input if left out
    #[arg(value_name = "DATA")]
    text: Option<String>,
    /// A channel to publish to; may be repeated, up to 100 times
    #[arg(long = "channel", value_name = "NAME", required = true)]
    channels: Vec<String>,
    /// The event's name
    #[arg(long, value_name = "NAME")]
    event: String,
    /// A connection that is not to receive it
    #[arg(long, value_name = "SOCKET_ID")]
    socket_id: Option<String>,
    /// Where the server is
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    place: Place,
}

/// Publishes it.
pub(super) async fn run(args: TriggerArgs, env: &Env) -> Result<(), CliError> {
    if args.channels.len() > CHANNELS_PER_TRIGGER {
        let count = args.channels.len();
        return Err(CliError::refused(format!(
            "{count} channels are too many; name at most {CHANNELS_PER_TRIGGER}."
        )));
    }
    let app = Config::app(&args.place.flags(), env)?;
    let data = args.text.map_or_else(stdin, Ok)?;
    let mut body = json!({ "name": args.event, "channels": args.channels, "data": data });
    if let Some(socket_id) = args.socket_id {
        body["socket_id"] = socket_id.into();
    }
    let body = body.to_string();
    let path = format!("/apps/{}/events", app.id);
    let request = Request { method: "POST", path: &path, query: "", body: body.as_bytes() };
    let Some(pair) = app.keys.first() else { return Err(CliError::refused("The app has no key.")) };
    let now_s = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
    let query = sign_request(&request, pair, now_s);
    let server = api::Server::new(&args.url)?;
    server.send(server.post(&format!("{path}?{query}"), body)?).await?;
    let channels = match args.channels.as_slice() {
        [one] => format!("channel {one}"),
        many => format!("{} channels", many.len()),
    };
    writeln!(std::io::stdout(), "Sent to {channels}.")?;
    Ok(())
}

fn stdin() -> Result<String, CliError> {
    let mut text = String::new();
    let limit = u64::try_from(STDIN_BYTES).unwrap_or(u64::MAX);
    std::io::stdin().lock().take(limit + 1).read_to_string(&mut text)?;
    if text.len() > STDIN_BYTES {
        let sentence = format!("The data is too long; send at most {EVENT_DATA_BYTES} bytes.");
        return Err(CliError::refused(sentence));
    }
    Ok(text.trim_end_matches('\n').to_owned())
}
