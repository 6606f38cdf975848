/**
 * The largest message of the embedded server, headers included. Inputs are at most 256 KiB and records 512 KiB; the rest is room
 * for inputs that are too large to be seen, rejected with a reason, and kept in DEAD with the headers that say so.
 */
export const payloadBytesMax = 2 * 1024 * 1024

/** Streams in memory are for what may be lost; nats-server would take three quarters of the machine's memory as its limit. */
const memoryStoreBytesMax = 256 * 1024 * 1024

/** Who connects without a name: producers and analysts on this machine. */
const anonymousUser = 'anonymous'

/** What only Colloquy itself publishes to: everything but `in.>`, the JetStream API and subjects that are not ours. */
const internalSubjects = ['int.>', 'act.>', 'abort.>', 'inbox.>', 'log.>', 'timer.>', 'task.>', 'dead.>', 'out.>', '$KV.>', 'colloquy.search']

export interface NatsConfig {
  port: number
  storeDir: string
  pidFile: string
  user: string
  password: string
  storageBytesMax: number
  /** How long acknowledged messages may wait for fsync, such as `10s`, or `always`; default nats-server's two minutes. */
  syncInterval?: string
}

/** The text of nats-server's configuration file. It holds the password: write it for the owner's eyes only. */
export function renderNatsConfig(config: NatsConfig): string {
  const quote = (text: string): string => JSON.stringify(text)
  return `server_name: colloquy
listen: ${quote(`127.0.0.1:${config.port}`)}
pid_file: ${quote(config.pidFile)}
max_payload: ${payloadBytesMax}

jetstream {
  store_dir: ${quote(config.storeDir)}
  max_file_store: ${config.storageBytesMax}
  max_memory_store: ${memoryStoreBytesMax}${config.syncInterval === undefined ? '' : `
  sync_interval: ${quote(config.syncInterval)}`}
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
