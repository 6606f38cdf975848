import type { ServerInfo } from '@nats-io/transport-node'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import type { Settings } from '../settings.ts'

/** What nats-server does where nothing else is set. */
const FSYNC_DEFAULT = '2m'
/** A cluster that keeps three copies goes on without one of its servers. */
const CLUSTER_REPLICAS = 3

/** @param server as it introduced itself: one of a cluster names it. */
export function durabilityOf(settings: Settings, server: ServerInfo | undefined): Durability {
  return {
    replicas: settings.REPLICAS ?? (server?.cluster === undefined ? 1 : CLUSTER_REPLICAS),
    fsync: settings.NATS_SYNC_INTERVAL ?? (settings.NATS_URL === undefined ? FSYNC_DEFAULT : null),
  }
}

/** The same as one sentence for people. */
export function durabilityText({ replicas, fsync }: Durability): string {
  const copies = replicas === 1 ? 'one replica' : `${replicas} replicas`
  if (fsync === null) return `Acknowledged means: stored by ${copies} of your NATS, on disk after that server's sync_interval.`
  if (fsync === 'always') return `Acknowledged means: on disk (fsync) at ${copies}.`
  return `Acknowledged means: stored by ${copies}, fsync every ${fsync}: it survives kill -9, not a power failure before the fsync`
    + ' (COLLOQUY_NATS_SYNC_INTERVAL=always does).'
}
