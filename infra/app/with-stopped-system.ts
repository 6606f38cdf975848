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
 * Works on the cluster's bucket. Where nothing runs on a data folder of our own, its nats-server is started for as long as that
 * takes: what keeps a system from starting can then be put right.
 *
 * @throws ColloquyError as `withBus` does; `data_dir_in_use` where something else holds the folder.
 */
export async function withStoppedSystem<T>(settings: Settings, work: (kv: KV, jetstream: JetStreamContext) => Promise<T>): Promise<T> {
  const onBus = async (jetstream: JetStreamContext): Promise<T> => work(await openBucket(jetstream.nc), jetstream)
  try {
    return await withJetStream(settings, onBus)
  } catch (error) {
    if (!hasCode(error, 'not_running') || settings.NATS_URL !== undefined || !existsSync(join(settings.DATA_DIR, 'nats'))) throw error
  }
  await using started = new AsyncDisposableStack()
  const nats = await accessNats({ ...settings, NATS_PORT: 0 }, pino({ level: 'silent' }))
  started.defer(() => nats.stop())
  const jetstream = await openJetStream(await connectNats(nats.connection, 'colloquy kinds'))
  started.defer(() => jetstream.close())
  return await onBus(jetstream)
}
