import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { pino } from 'pino'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { hasCode } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'
import { withJetStream } from './connect-to-running.ts'
import { accessNats, connectNats, openJetStream } from './nats-access.ts'
import { openBucket } from './prepare-streams.ts'

/**
 * Runs a function on the cluster's key-value bucket, also while the system is stopped. If the system does not run and NATS is embedded, the
 * function runs on a temporary nats-server on the data folder, so that a user can repair what keeps the system from starting.
 *
 * @throws ColloquyError as `withJetStream` does; `data_dir_in_use` if another process holds the data folder.
 */
export async function withStoppedSystem<T>(settings: Settings, work: (kv: KV, jetstream: JetStreamContext) => Promise<T>): Promise<T> {
  const run = async (jetstream: JetStreamContext): Promise<T> => work(await openBucket(jetstream.nc), jetstream)
  try {
    return await withJetStream(settings, run)
  } catch (error) {
    if (!hasCode(error, 'not_running') || settings.NATS_URL !== undefined || !existsSync(join(settings.DATA_DIR, 'nats'))) throw error
  }
  await using started = new AsyncDisposableStack()
  const nats = await accessNats({ ...settings, NATS_PORT: 0 }, pino({ level: 'silent' }))
  started.defer(() => nats.stop())
  const jetstream = await openJetStream(await connectNats(nats.connection, 'colloquy kinds'))
  started.defer(() => jetstream.close())
  return await run(jetstream)
}
