"""Makes calls of the Pusher SDK: reads them as JSON from standard input, writes what came of each as JSON."""

import json
import sys

import pusher


def made(client, name, *arguments, **options):
    try:
        return {"ok": getattr(client, name)(*arguments, **options)}
    except pusher.errors.PusherError as error:
        return {"error": type(error).__name__, "message": str(error)}


work = json.load(sys.stdin)
client = pusher.Pusher(**work["options"])
json.dump([made(client, name, *arguments, **options) for name, arguments, options in work["calls"]], sys.stdout)
