import { clientPayloadBytesMax, inboxPrefixOf, renderAccounts } from './nats-accounts.ts'

/**
 * The largest message of the embedded server, with headers. Inputs are at most 256 KiB and records 512 KiB. The bound is larger,
 * so that an input that is too large still arrives: the host rejects it with a reason, and DEAD keeps it.
 */
export const payloadBytesMax = clientPayloadBytesMax

/** Max bytes of streams in memory. nats-server's default is three quarters of the machine's memory. */
const memoryStoreBytesMax = 256 * 1024 * 1024

export interface NatsConfig {
  port: number
  storeDir: string
  pidFile: string
  user: string
  password: string
  storageBytesMax: number
  /** Longest time from acknowledgement to fsync, such as `10s`, or `always`; default: two minutes, as in nats-server. */
  syncInterval?: string
}

/** The text of nats-server's configuration file. It holds the password: only the owner may read it. */
export function renderNatsConfig(config: NatsConfig): string {
  const quote = (text: string): string => JSON.stringify(text)
  return `server_name: colloquy
listen: ${quote(`127.0.0.1:${config.port}`)}
pid_file: ${quote(config.pidFile)}
max_payload: ${payloadBytesMax}

jetstream {
  store_dir: ${quote(config.storeDir)}
  max_file_store: ${config.storageBytesMax}
  max_memory_store: ${memoryStoreBytesMax}${
    config.syncInterval === undefined
      ? ''
      : `
  sync_interval: ${quote(config.syncInterval)}`
  }
}

${renderAccounts({ user: config.user, password: quote(config.password) })}`
}

/** The variable in which the configuration for a NATS of one's own expects the password of Colloquy's processes. */
export const PASSWORD_VARIABLE = 'COLLOQUY_NATS_PASSWORD'

/** nats-server reads the value of a variable as it reads its configuration: digits become a number, at which it panics. */
export const PASSWORD_RULE = `A password begins with a letter and has only letters, digits, _ and -, and is not "true", "on" or the like.
nats-server takes any other only in quotes in its own environment: ${PASSWORD_VARIABLE}='"12345"'.`

/** Whether nats-server reads a password in a variable as the text that it is. */
export const isReadAsText = (password: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_-]*$/.test(password) && !/^(true|false|on|off|yes|no)$/i.test(password)

/** The variable with the password of a named client. */
export const clientPasswordVariable = (client: string): string => `${PASSWORD_VARIABLE}_${client.toUpperCase()}`

/**
 * The part of a configuration that protects the streams on a NATS that Colloquy does not run. It holds no password.
 *
 * @param clients names of clients with a password and an inbox prefix of their own
 */
export const renderOwnNatsConfig = (
  user: string,
  clients: readonly string[] = [],
): string => `# Protects Colloquy's streams: include it in the configuration of each nats-server.
#
#   ${PASSWORD_VARIABLE}=… nats-server --config nats.conf      # nats.conf says: include "colloquy-accounts.conf"
#   COLLOQUY_NATS_URL=nats://… COLLOQUY_NATS_USER=${user} ${PASSWORD_VARIABLE}=… colloquy up
#
# Clients without a name are in the account CLIENTS: they publish inputs, read events and reach nothing else. To ask them for a password,
# remove "no_auth_user" and give the user "anonymous" a password. "colloquy status" tells whether a client without a name gets through.
# Clients without a name can hear each other's acknowledgements. A client with a name ("colloquy nats-config --client shop") has its
# password from the environment (${clientPasswordVariable('shop')}) and replies of its own: it connects with the inbox prefix
# ${inboxPrefixOf('shop')}.
#
# ${PASSWORD_RULE.replaceAll('\n', '\n# ')}

${renderAccounts({
  user,
  password: `$${PASSWORD_VARIABLE}`,
  clients: clients.map((name) => ({ name, password: `$${clientPasswordVariable(name)}` })),
})}`
