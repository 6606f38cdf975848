import type { Settings } from '../settings.ts'

/** What an acknowledgement of INBOX is worth. */
export interface Durability {
  /** Servers that hold the message. */
  readonly replicas: number
  /** How long it may wait for the disk, such as `2m`, or `always`: not at all; `null` where the server is not ours to know. */
  readonly fsync: string | null
}

/** What nats-server does where nothing else is set. */
const FSYNC_DEFAULT = '2m'
const REPLICAS = 1

export const durabilityOf = (settings: Settings): Durability => ({
  replicas: REPLICAS,
  fsync: settings.NATS_URL === undefined ? settings.NATS_SYNC_INTERVAL ?? FSYNC_DEFAULT : null,
})

/** The same as one sentence for people. */
export function durabilityText({ replicas, fsync }: Durability): string {
  const copies = replicas === 1 ? 'one replica' : `${replicas} replicas`
  if (fsync === null) return `Acknowledged means: stored by ${copies} of your NATS, on disk after that server's sync_interval.`
  if (fsync === 'always') return `Acknowledged means: on disk (fsync) at ${copies}.`
  return `Acknowledged means: stored by ${copies}, fsync every ${fsync}: it survives kill -9, not a power failure before the fsync`
    + ' (COLLOQUY_NATS_SYNC_INTERVAL=always does).'
}
