/**
 * The largest message of the embedded server, with headers. Inputs are at most 256 KiB and records 512 KiB. The bound is larger,
 * so that an input that is too large still arrives: the host rejects it with a reason, and DEAD keeps it.
 */
export const payloadBytesMax = 2 * 1024 * 1024

/** Max bytes of streams in memory. nats-server's default is three quarters of the machine's memory. */
const memoryStoreBytesMax = 256 * 1024 * 1024

/** The user of connections without a name: producers and analysts on this machine. */
const anonymousUser = 'anonymous'

/** Subjects to which only Colloquy may publish: all of its subjects except `in.>`. */
const internalSubjects = [
  'int.>',
  'act.>',
  'abort.>',
  'inbox.>',
  'log.>',
  'timer.>',
  'task.>',
  'dead.>',
  'out.>',
  '$KV.>',
  'colloquy.search',
]

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

authorization {
  users: [
    { user: ${quote(config.user)}, password: ${quote(config.password)} }
    { user: ${anonymousUser}, password: "", permissions: { publish: { deny: [${internalSubjects.map(quote).join(', ')}] } } }
  ]
}
no_auth_user: ${anonymousUser}
`
}
