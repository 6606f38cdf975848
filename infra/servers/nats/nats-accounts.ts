import { CLIENT_ACCOUNT, CLIENT_FEEDS, CLIENT_SERVICES, CORE_ACCOUNT } from '../../../schemas/client-access.ts'
import { OWN_SUBJECTS } from '../../../schemas/subjects.ts'

/** The largest message of a client, with headers; see `payloadBytesMax`. */
export const clientPayloadBytesMax = 2 * 1024 * 1024

/** Max subscriptions of all clients together: about 30 MB of the server's memory. */
const clientSubscriptionsMax = 100_000

/** The user of connections without a name: producers and readers of events. */
export const anonymousUser = 'anonymous'

/**
 * The server keeps the reply of each request (about 500 bytes) until the threshold after the last answer. It is longer than a pull request
 * may wait (`EVENTS_CONSUMER_CONFIG.max_expires`).
 */
const STREAMED = 'response_type: stream, response_threshold: "70s"'

/**
 * Replies to the requests of clients without a name. The server cannot tell a client's own replies (`_INBOX.<random>.*`) from those of all
 * (`_INBOX.>`): it compares the subject of a subscription token by token, and a wildcard in it fits where a random token does.
 */
const INBOXES = '_INBOX.>'

/** The prefix of the replies to a named client, which no other client can hear. */
export const inboxPrefixOf = (client: string): string => `_INBOX_${client}`

export interface AccountsOptions {
  /** The user of Colloquy's own processes, who may do everything in CORE. */
  readonly user: string
  /** The password as the configuration has it: quoted, or the name of a variable. */
  readonly password: string
  /** Clients with a name, each with the password as the configuration has it. */
  readonly clients?: readonly { readonly name: string; readonly password: string }[]
}

/**
 * The accounts of nats-server's configuration: CORE with the streams and Colloquy's processes, CLIENTS with everybody else. An allow-list
 * of subjects in one account would not protect the streams: the server publishes its answers to whatever reply subject a client names.
 */
export function renderAccounts({ user, password, clients = [] }: AccountsOptions): string {
  const list = (items: readonly string[], indent: string): string => items.map((item) => `\n${indent}${item}`).join('')
  const quote = (text: string): string => JSON.stringify(text)
  const exports = [
    ...CLIENT_SERVICES.map(
      ({ core, isStream }) => `{ service: ${quote(core)}, accounts: [${CLIENT_ACCOUNT}]${isStream === true ? `, ${STREAMED}` : ''} }`,
    ),
    ...CLIENT_FEEDS.map((feed) => `{ stream: ${quote(feed)}, accounts: [${CLIENT_ACCOUNT}] }`),
  ]
  const imports = [
    ...CLIENT_SERVICES.map(
      ({ core, client }) =>
        `{ service: { account: ${CORE_ACCOUNT}, subject: ${quote(core)} }${core === client ? '' : `, to: ${quote(client)}`} }`,
    ),
    ...CLIENT_FEEDS.map((feed) => `{ stream: { account: ${CORE_ACCOUNT}, subject: ${quote(feed)} } }`),
  ]
  const publish = CLIENT_SERVICES.map(({ client }) => quote(client))
  const client = (name: string, secret: string, inboxes: string): string => `{
      user: ${quote(name)}, password: ${secret}
      permissions {
        publish { allow: [${publish.join(', ')}], deny: [${quote(OWN_SUBJECTS)}] }
        subscribe { allow: [${[...CLIENT_FEEDS, inboxes].map(quote).join(', ')}] }
      }
    }`
  const users = [
    client(anonymousUser, '""', INBOXES),
    ...clients.map(({ name, password: secret }) => client(name, secret, `${inboxPrefixOf(name)}.>`)),
  ]
  return `accounts {
  ${CORE_ACCOUNT} {
    jetstream: enabled
    users: [{ user: ${quote(user)}, password: ${password} }]
    exports: [${list(exports, '      ')}
    ]
  }
  ${CLIENT_ACCOUNT} {
    limits { max_subscriptions: ${clientSubscriptionsMax}, max_payload: ${clientPayloadBytesMax} }
    users: [${users.join(', ')}]
    imports: [${list(imports, '      ')}
    ]
  }
  SYS { users: [] }
}
system_account: SYS
no_auth_user: ${anonymousUser}
`
}
