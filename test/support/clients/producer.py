"""Publishes as a producer by nats-py: structured, binary, and where it must not. Prints what came of it as one line of JSON."""

import asyncio
import json
import sys

import nats


async def main(url: str, actor: str) -> None:
    errors = []

    async def on_error(error: Exception) -> None:
        errors.append(str(error))

    nc = await nats.connect(url, error_cb=on_error)
    js = nc.jetstream()
    subject = f"in.{actor}"
    event = {
        "specversion": "1.0",
        "id": "s-1",
        "source": "/python",
        "type": "add",
        "time": "2026-01-02t03:04:05z",
        "subject": "order 7",
        "traceparent": None,
        "data": {"by": 1},
    }
    first = await js.publish(subject, json.dumps(event).encode(), headers={"Nats-Msg-Id": f"{actor}/s-1"})
    again = await js.publish(subject, json.dumps(event).encode(), headers={"Nats-Msg-Id": f"{actor}/s-1"})
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "b-1",
        "ce-source": "/python",
        "ce-type": "add",
        "ce-subject": "order%208",
        "content-type": "application/json",
    }
    binary = await js.publish(subject, b'{"by":2}', headers=headers)
    try:
        await js.publish("log.0.acme.toy.forbidden", b"{}", timeout=1)
        forbidden = "acknowledged"
    except Exception as error:
        forbidden = type(error).__name__
    await nc.close()
    print(json.dumps({"first": first.seq, "again": again.duplicate, "binary": binary.seq, "forbidden": forbidden, "errors": errors}))


asyncio.run(main(sys.argv[1], sys.argv[2]))
