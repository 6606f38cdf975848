import type { ServerInfo } from '@nats-io/transport-node'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import type { Settings } from '../settings.ts'

/** Default `sync_interval` of nats-server. */
const FSYNC_DEFAULT = '2m'
/** Three replicas survive the loss of one server. */
const CLUSTER_REPLICAS = 3

/**
 * The durability of an acknowledgement under these settings.
 *
 * @param server the server's INFO, which names its cluster if it is in one.
 */
export function durabilityOf(settings: Settings, server: ServerInfo | undefined): Durability {
  return {
    replicas: settings.REPLICAS ?? (server?.cluster === undefined ? 1 : CLUSTER_REPLICAS),
    fsync: settings.NATS_SYNC_INTERVAL ?? (settings.NATS_URL === undefined ? FSYNC_DEFAULT : null),
  }
}

/** Describes the durability in a sentence. */
export function durabilityText({ replicas, fsync }: Durability): string {
  const copies = replicas === 1 ? 'one replica' : `${replicas} replicas`
  if (fsync === null) return `Acknowledged means: stored by ${copies} of your NATS, on disk after that server's sync_interval.`
  if (fsync === 'always') return `Acknowledged means: on disk (fsync) at ${copies}.`
  return (
    `Acknowledged means: stored by ${copies}, fsync every ${fsync}: it survives kill -9, not a power failure before the fsync`
    + ' (COLLOQUY_NATS_SYNC_INTERVAL=always does).'
  )
}
