import type { ErrorTexts } from './error-text.ts'

const PRODUCER = '`producer.publish`, `publish`'
const HTTP = 'HTTP interface'

/** Codes that a producer or a client of the HTTP interface meets. */
export const PUBLISHING_ERRORS = {
  bad_address: {
    meaning: 'The address names no actor. Nothing was stored.',
    cause: 'Tenant, kind or id does not match `[A-Za-z0-9_-]{1,128}`.',
    remedy: 'Correct the address. Encode ids that have other characters.',
    where: PRODUCER,
  },
  bad_input: {
    meaning: 'Every host would reject the input. Nothing was stored.',
    cause: 'A field of the input is missing, of a wrong type, too large, or not JSON.',
    remedy: 'Correct the field that the message names.',
    where: `${PRODUCER}, \`colloquy publish\``,
  },
  undeclared_type: {
    meaning: 'The kind does not declare the type of the input. A host would record the input, and nothing else would happen.',
    cause: 'The type is misspelt, or it belongs to another kind or to another version of the kind. The message names the nearest type.',
    remedy: 'Correct the type, or declare it in the kind. `colloquy publish --force` publishes the input as it is.',
    where: '`colloquy publish`, `producer.advice`; `warning` of an HTTP response',
  },
  rejected: {
    meaning: 'The input is stored, and its actor rejected it. It had no effect.',
    cause: 'The member `reason` of the response has the reason, `error` the field at fault.',
    remedy: 'Correct the input as `error` says, and send it again; the id may be the same.',
    where: `${HTTP} with \`?wait=\``,
    http: 422,
  },
  bad_idempotency_key: {
    meaning: 'The header `Idempotency-Key` cannot be the id of an input. Nothing was stored.',
    cause: 'It is empty, longer than 256 characters, or starts with `seq:`.',
    remedy: 'Send a key that is unique for the input, such as a UUID.',
    where: HTTP,
    http: 400,
  },
  input_refused: {
    meaning: 'INBOX cannot store an input of this size. Nothing was stored.',
    cause: 'The input exceeds the maximum message size of the NATS server.',
    remedy: 'Send less: store large content elsewhere, and put its address into the event.',
    where: PRODUCER,
  },
  inbox_full: {
    meaning: 'INBOX is full. The input was not stored.',
    cause: 'Producers publish faster than hosts decide, or no host runs.',
    remedy: 'Send the input again later, under the same id. Check `colloquy status`, and start more hosts.',
    where: `${HTTP}`,
    http: 503,
  },
  inbox_refused: {
    meaning: 'INBOX refused the input for now. The input was not stored.',
    cause: 'The stream has no leader, or NATS is overloaded. The message has the answer of NATS.',
    remedy: 'Send the input again later, under the same id. Check `colloquy status` if the error persists.',
    where: `${HTTP}`,
    http: 503,
  },
  not_acknowledged: {
    meaning: 'NATS did not acknowledge the input in time. It may have been stored.',
    cause: 'NATS does not answer, has no leader, or INBOX is full. The message ends with the last problem.',
    remedy: 'Publish the input again with the same `messageId`, until it is acknowledged. A duplicate has no effect.',
    where: PRODUCER,
  },
  wait_timeout: {
    meaning: 'The input is stored, but the awaited outcome did not come in time.',
    cause: 'The hosts or the tables are behind, no host runs, or the actor does not produce this outcome.',
    remedy: 'Do not publish again. Wait longer (`timeoutMs`), or read the actor later at `GET /v1/actors/…` or by `colloquy show`.',
    where: `${HTTP} with \`?wait=\`; \`publish\` with \`wait\``,
    http: 504,
  },
  no_receipt: {
    meaning: 'The outcome of a stored input cannot be told.',
    cause: 'The process that was asked failed, or it is of another version. The message has its error.',
    remedy: 'Do not publish again. Upgrade the running processes, or read the actor later by `colloquy show`.',
    where: '`publish` with `wait`',
  },
  bad_receipt_request: {
    meaning: 'A request for the outcome of an input is not valid.',
    cause: 'A client sent it by hand on `colloquy.receipt`, or is of another version.',
    remedy: 'Use `publish` with `wait` of the package, of the version of the running processes.',
    where: 'answers on `colloquy.receipt`',
  },
  not_connected: {
    meaning: 'The producer has no connection to NATS.',
    cause: '`createProducer` got neither a connection nor connection options.',
    remedy: "Give `createProducer` a connection of `@nats-io/transport-node`, or options such as `{ servers: 'nats://host:4222' }`.",
    where: '`createProducer`',
  },
  bad_query: {
    meaning: 'A parameter of the request is not valid.',
    cause: 'It is unknown, missing, or out of its range.',
    remedy: 'Correct the parameter that the message names.',
    where: `${HTTP}, \`colloquy search\`, \`createSearchClient\`, the search index of a task`,
    http: 400,
  },
  bad_url: {
    meaning: 'The path of the request cannot be read.',
    cause: 'It has a `%` that is not followed by two hex digits of valid UTF-8.',
    remedy: 'Encode the path with `encodeURIComponent`.',
    where: HTTP,
    http: 400,
  },
  bad_request: {
    meaning: 'The request cannot be read.',
    cause: 'It is not HTTP, or its body does not match its headers.',
    remedy: 'Correct the request as the message says. The status may also be another one from 400 to 499.',
    where: HTTP,
    http: 400,
  },
  bad_host: {
    meaning: 'The request names a host other than this machine.',
    cause:
      'Without a token, the server answers requests to localhost, 127.0.0.1 and [::1] only, and `colloquy dev` always does so. This '
      + 'protects it from pages of other sites.',
    remedy:
      'Open http://localhost:<port>. From another machine, use an SSH tunnel. Behind a proxy, add its name to `COLLOQUY_ALLOWED_HOSTS`.',
    where: `${HTTP}, \`colloquy dev\``,
    http: 421,
  },
  unauthorized: {
    meaning: 'The request has no valid key.',
    cause:
      'The header `Authorization` is missing, or its key is changed, revoked, expired or of another installation, and it is not the '
      + 'token of `COLLOQUY_HTTP_TOKEN`.',
    remedy: 'Send `Authorization: Bearer <key>` with a key of `colloquy key issue`, or the token.',
    where: HTTP,
    http: 401,
  },
  unknown_path: {
    meaning: 'The HTTP interface has no such path.',
    cause: 'The path is misspelt, or belongs to another version.',
    remedy: 'Use one of the paths that `GET /openapi.json` and `colloquy openapi` list.',
    where: HTTP,
    http: 404,
  },
  unknown_actor: {
    meaning: 'There is no record of the actor.',
    cause: 'The address is misspelt, or the actor has not decided anything yet.',
    remedy: 'Check tenant, kind and id. `colloquy tail <tenant>` shows the actors that decide.',
    where: `${HTTP} \`/v1/actors\`, \`colloquy show\`, \`colloquy reset\`, \`colloquy cancel\``,
    http: 404,
  },
  unknown_model: {
    meaning: 'There is no such kind to chat with.',
    cause: 'The kind is misspelt, is not registered, or does not both take `message.received` and send `message.sent`.',
    remedy: 'Use a name of `GET /v1/models`: `<kind>` or, as a model, `<tenant>/<kind>`.',
    where: `${HTTP} \`/v1/chat\`, \`/v1/models\``,
    http: 404,
  },
  history_conflict: {
    meaning: 'The messages of the request contradict the recorded conversation. Nothing was stored.',
    cause:
      'The client has edited a message, has left the last ones out, or gives the id of another conversation. The response has both '
      + 'histories, `recorded` and `given`.',
    remedy: 'Continue from what is recorded, or begin a new conversation without its id.',
    where: `${HTTP} \`/v1/chat/completions\``,
    http: 409,
  },
  unsupported_parameter: {
    meaning: 'The request asks for something that a conversation cannot do. Nothing was stored.',
    cause: 'It has tools, several choices, another form of answer than text, or a message that is no text.',
    remedy: 'Leave out what `param` names.',
    where: `${HTTP} \`/v1/chat/completions\``,
    http: 400,
  },
  reply_replaced: {
    meaning: 'A streamed text is not the reply: another attempt has replaced it.',
    cause: 'The request asked for provisional text (`x-provisional`), and what was written did not become the reply.',
    remedy: 'Drop the text, and send the same request again: it gets the recorded reply.',
    where: `${HTTP} \`/v1/chat/completions\`, as an error in the stream`,
    http: 409,
  },
  unknown_record: {
    meaning: 'The actor has no record of this number.',
    cause: 'Its records are numbered from 1, and it has fewer.',
    remedy: 'Give a number from 1 to the one in the message.',
    where: `${HTTP} \`/v1/actors\`, \`colloquy show\``,
    http: 404,
  },
  method_not_allowed: {
    meaning: 'The path does not allow this method.',
    cause: 'The request uses a method that the path does not have, such as GET for `/v1/in`.',
    remedy: 'Use a method of the header `Allow`.',
    where: HTTP,
    http: 405,
  },
  request_timeout: {
    meaning: 'The request took too long to arrive.',
    cause: 'The client or the network is slow, or the body ends before its `Content-Length`.',
    remedy: 'Send the request again.',
    where: HTTP,
    http: 408,
  },
  unsupported_media_type: {
    meaning: 'The server does not accept the content type of the body.',
    cause: 'The header `Content-Type` is missing or names a type other than JSON.',
    remedy:
      'Send `Content-Type: application/json`, `application/cloudevents+json`, or for a batch `application/cloudevents-batch+json`. '
      + 'The data of an input are a JSON object.',
    where: HTTP,
    http: 415,
  },
  unsupported_encoding: {
    meaning: 'The server does not know the content encoding of the body.',
    cause: 'The header `Content-Encoding` names an encoding that is not in the header `Accept-Encoding` of the response, or several.',
    remedy: 'Send the body with one of these encodings, or with none.',
    where: HTTP,
    http: 415,
  },
  headers_too_large: {
    meaning: 'The headers of the request are too large.',
    cause: 'A cookie, a token or the path is longer than the limit in the message.',
    remedy: 'Send fewer or shorter headers.',
    where: HTTP,
    http: 431,
  },
  bad_visitor_token: {
    meaning: 'The request has no valid token of a visitor.',
    cause: 'It is missing, changed, expired after 24 hours, or of a system with another key.',
    remedy: 'Get a new one from `POST /v1/visitors/<tenant>`; it begins a new conversation.',
    where: `${HTTP} with the token of a visitor`,
    http: 401,
  },
  not_for_visitors: {
    meaning: 'A visitor of a web site asked for what visitors may not do.',
    cause:
      'A token of a visitor is for one conversation, its messages, feedback, forms and buttons, and for kinds of `COLLOQUY_WIDGET_KINDS`.',
    remedy: 'Use the address that came with the token. Programs use `COLLOQUY_HTTP_TOKEN`.',
    where: `${HTTP} with the token of a visitor`,
    http: 403,
  },
  widget_off: {
    meaning: 'There are no visitors of web sites at this server.',
    cause: '`COLLOQUY_WIDGET_ORIGINS` is not set.',
    remedy: 'Set it to the origins of the pages with the widget, such as `https://shop.example`.',
    where: `${HTTP} \`/v1/visitors/…\``,
    http: 404,
  },
  widget_origin: {
    meaning: 'A page of a site that is not allowed asked for what visitors may do.',
    cause: 'Its `Origin` is missing, or not in `COLLOQUY_WIDGET_ORIGINS`.',
    remedy: 'Add the origin of the page to `COLLOQUY_WIDGET_ORIGINS` if it may have visitors.',
    where: `${HTTP} \`/v1/visitors/…\`, and with the token of a visitor`,
    http: 403,
  },
  too_many_requests: {
    meaning:
      'An address asked for too many tokens of visitors, or signed in with too many wrong ones, or a visitor wrote too often. Nothing was '
      + 'stored.',
    cause:
      'An address gets 120 tokens an hour, and may be wrong 10 times a minute at the sign-in of the console. A conversation takes 30 '
      + 'messages and other inputs a minute, an address 300.',
    remedy:
      'Send the request again after `Retry-After`. Behind a proxy, set `COLLOQUY_TRUSTED_PROXIES`, so that addresses are those of clients.',
    where: `${HTTP} \`/v1/visitors/…\`, with the token of a visitor, and at the sign-in of the console`,
    http: 429,
  },
  overloaded: {
    meaning: 'The server has no place for the request. Nothing was stored.',
    cause: 'Too many connections or bodies are open. One client (an address) may hold at most three quarters of the places.',
    remedy: 'Send the request again after `Retry-After`. Keep fewer connections open, and send bodies without pauses.',
    where: HTTP,
    http: 503,
  },
  too_many_waits: {
    meaning: 'Too many requests wait for an outcome. Nothing was stored.',
    cause:
      'Each request with `?wait=` holds a place until its outcome or its `timeoutMs`. One tenant may hold at most three quarters of the '
      + 'places.',
    remedy: 'Send the request again after `Retry-After`, or without `?wait=`.',
    where: `${HTTP} with \`?wait=\``,
    http: 503,
  },
  too_many_streams: {
    meaning: 'Too many streams of events are open at this process.',
    cause:
      '`COLLOQUY_STREAMS_MAX` bounds them, lowered to what `ulimit -n` allows. One tenant, or one address with WebSockets, may hold at '
      + 'most three quarters of the places.',
    remedy: 'Close streams that nobody reads. Connect after `Retry-After`, or to another process; raise the setting and `ulimit -n`.',
    where: `${HTTP} \`/v1/out/…\` and \`/v1/ws\``,
    http: 503,
  },
  bad_origin: {
    meaning: 'A page of another site tried to open a WebSocket, or to change something with the session of the console.',
    cause:
      'Its `Origin` names neither this machine nor a host of `COLLOQUY_ALLOWED_HOSTS`. A change in the console needs the very host and '
      + 'port of the request.',
    remedy:
      'Add the host of the page to `COLLOQUY_ALLOWED_HOSTS` if it may act for its users here. Behind a proxy, let it pass on the header '
      + '`Host`.',
    where: `${HTTP} \`/v1/ws\`, the console`,
    http: 403,
  },
  upgrade_required: {
    meaning: 'The path takes only WebSockets.',
    cause: 'The request has no `Upgrade: websocket`, or a proxy removed it.',
    remedy: 'Connect with a WebSocket client. Configure the proxy to pass upgrades on.',
    where: `${HTTP} \`/v1/ws\``,
    http: 426,
  },
  bad_frame: {
    meaning: 'A frame of a WebSocket client is no request.',
    cause: 'It is no JSON, or has none or several of `subscribe`, `unsubscribe`, `publish` and `token`. The message names the field.',
    remedy: 'Send one request a frame, as text: see [streams](streams.md).',
    where: `${HTTP} \`/v1/ws\``,
    http: 400,
  },
  closing: {
    meaning: 'The input is stored, but the server is stopping before the awaited outcome.',
    cause: 'The process was told to stop.',
    remedy: 'Do not publish again. Read the actor at `GET /v1/actors/…` of another process, or later.',
    where: `${HTTP} with \`?wait=\``,
    http: 503,
  },
  nats_unavailable: {
    meaning: 'NATS does not answer. Nothing was stored.',
    cause: 'The NATS server is down, or the connection to it is lost.',
    remedy: 'Send the request again after `Retry-After`. Check the NATS server if the error persists.',
    where: HTTP,
    http: 503,
  },
  tables_unavailable: {
    meaning: 'The tables do not answer.',
    cause: 'ClickHouse is down or overloaded.',
    remedy: 'Try again. Check ClickHouse if the error persists.',
    where: `${HTTP} with \`?wait=tables\`, the page of \`colloquy dev\``,
    http: 503,
  },
  search_unavailable: {
    meaning: 'The search index does not answer.',
    cause: 'Its store or the embedding model is down or starts, or it took too long.',
    remedy: 'Send the request again after `Retry-After`. Check `colloquy status` if the error persists.',
    where: `${HTTP} \`/v1/search\`, \`colloquy search\`, \`createSearchClient\``,
    http: 503,
  },
  understanding_unavailable: {
    meaning: 'A message cannot be understood now.',
    cause: 'The search index with its embedding model starts, or the log does not answer.',
    remedy: 'Send the request again after `Retry-After`. Check `colloquy status` if the error persists.',
    where: `${HTTP} \`/v1/understand\`, \`colloquy understand\``,
    http: 503,
  },
  evaluation_unavailable: {
    meaning: 'An answer cannot be evaluated now.',
    cause: 'The evaluator failed, or no HTTP interface of Colloquy answers.',
    remedy: 'Send the request again after `Retry-After`. Check `colloquy status` if the error persists.',
    where: `${HTTP} \`/v1/evaluate\`, \`colloquy evaluate\``,
    http: 503,
  },
  internal: {
    meaning: 'The server failed with an unexpected error.',
    cause: 'Colloquy has a fault. The log of the server has the error and its stack.',
    remedy: 'Report the error with that log line. You may send an input again under the same id.',
    where: HTTP,
    http: 500,
  },
} as const satisfies ErrorTexts
