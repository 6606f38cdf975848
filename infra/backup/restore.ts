import { resolve } from 'node:path'
import type { KV } from '@nats-io/kv'
import { Kvm } from '@nats-io/kv'
import type { Logger } from 'pino'
import { createSends } from '../../pipeline/dispatcher/pending-sends.ts'
import { rearm, type Rearmed } from '../../pipeline/dispatcher/rearm.ts'
import { markDecided } from '../../pipeline/host/lost-inputs.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createLogParser } from '../../pipeline/jetstream/log-message.ts'
import { publishWithRetry } from '../../pipeline/jetstream/publish-with-retry.ts'
import { removeUnfinishedRestore } from '../../pipeline/jetstream/removal.ts'
import { findRemoved, isWithin, storeRemoved } from '../../pipeline/jetstream/removed.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { openTaskObjects } from '../../pipeline/task-runner/object-store.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { deadSubject, FILLER, logSubject } from '../../schemas/subjects.ts'
import { accessClickHouse } from '../app/clickhouse-access.ts'
import { durabilityOf } from '../app/durability.ts'
import { accessNats, connectNats, openJetStream } from '../app/nats-access.ts'
import { BUCKET, prepareStreams, RESTORE_KEY } from '../app/prepare-streams.ts'
import type { DataLock } from '../servers/data-lock.ts'
import type { Settings } from '../settings.ts'
import { checkSegment, readManifest, readObject, readSegment } from './backup-folder.ts'
import type { Manifest } from './backup-format.ts'
import { presentStreams, refuseRunning, refuseUsedStreams, refuseUsedTables } from './check-empty.ts'
import { refillAccess } from './copy-access.ts'
import { copyKeys } from './copy-keys.ts'
import { refillObjects } from './copy-objects.ts'
import { refill } from './refill-stream.ts'

/** Receives the progress of a restore. */
export interface RestoreProgress {
  /** Number of records and dead letters restored, and to restore. */
  restored(done: number, total: number): void
  /** Called with the reason when the restore waits. */
  waits(what: string): void
}

/** The result of a restore. */
export interface Restored extends Rearmed {
  /** When the backup started, ISO. Inputs acknowledged later are not in it. */
  readonly at: string
  readonly records: number
  readonly dead: number
  readonly logSeq: number
  /** First sequence that the restored INBOX assigns. */
  readonly inboxSeq: number
  /** Number of messages between actors that had not arrived and were published again. */
  readonly sent: number
}

/**
 * Restores a backup into an empty system that does not run: the log with its sequences, dead letters, registered kinds, and the tasks,
 * timers and messages between actors that were pending. The system fills its tables from the log when it starts. After an interruption the
 * system refuses to start until a repeated restore, which starts over, has completed.
 *
 * @throws ColloquyError `no_backup`, `bad_backup`, `partitions_fixed`, `data_dir_in_use` or `system_running`, `not_empty`,
 * `restore_failed`.
 *
 * @param lock the lock on the data folder, where the caller has it
 */
export async function restore(settings: Settings, dir: string, log: Logger, progress: RestoreProgress, lock?: DataLock): Promise<Restored> {
  const manifest = await readManifest(dir)
  if (manifest === undefined) {
    throw new ColloquyError(
      'no_backup',
      `${resolve(dir)} has no backup that was finished; name the folder of a completed "colloquy backup"`,
    )
  }
  if (manifest.partitions !== settings.PARTITIONS) {
    throw new ColloquyError(
      'partitions_fixed',
      `the backup is of a system with ${manifest.partitions} partitions, `
        + `which cannot be changed; set COLLOQUY_PARTITIONS=${manifest.partitions}`,
    )
  }
  progress.waits('the checksums')
  for (const segment of [...manifest.log.segments, ...manifest.dead.segments]) await checkSegment(dir, segment)
  for (const object of manifest.objects) await readObject(dir, object)

  await using started = new AsyncDisposableStack()
  // The servers use free ports, so that no producer finds them during the restore.
  const own: Settings = { ...settings, NATS_PORT: 0, CLICKHOUSE_PORT: 0 }
  const nats = await accessNats(own, log, lock)
  started.defer(() => nats.stop())
  const jetstream = await openJetStream(await connectNats(nats.connection, 'colloquy restore'))
  started.defer(() => jetstream.close())
  await refuseRunning(jetstream)
  const { replicas } = durabilityOf(settings, jetstream.nc.info)
  const kv = await new Kvm(jetstream.nc).create(BUCKET, { replicas, history: 1 })
  await requireEmpty(jetstream, kv, own, log)

  await kv.put(RESTORE_KEY, resolve(dir))
  await prepareStreams(jetstream.nc, jetstream.jsm, {
    partitions: manifest.partitions,
    replicas,
    storageBytesMax: nats.storageBytesMax,
    isStorageKnown: nats.isStorageKnown,
    log,
    outKeepHours: settings.OUT_KEEP_HOURS,
    restore: { firstSeqs: { LOG: manifest.log.firstSeq, DEAD: manifest.dead.firstSeq, INBOX: manifest.inbox.lastSeq + 1 } },
  })
  await copyKeys(dir, settings.DATA_DIR)
  await refillAccess(jetstream, dir)
  await refillObjects(await openTaskObjects(jetstream, replicas), dir, manifest.objects)
  const restored = await refillAll({ jetstream, kv, log }, dir, manifest, progress)
  await kv.delete(RESTORE_KEY)
  return restored
}

/** Refuses servers with data. Data that an interrupted restore left is removed instead. */
async function requireEmpty(jetstream: JetStreamContext, kv: KV, settings: Settings, log: Logger): Promise<void> {
  const present = await presentStreams(jetstream)
  const unfinished = await entryOf(kv, RESTORE_KEY)
  if (unfinished === undefined) {
    refuseUsedStreams(present)
    const clickhouse = await accessClickHouse(settings, log)
    try {
      await refuseUsedTables(clickhouse)
    } finally {
      await clickhouse.stop()
    }
  } else {
    log.warn({ dir: unfinished.string() }, 'an earlier restore was interrupted; removing what it left')
  }
  for (const name of present.keys()) await removeUnfinishedRestore(jetstream.jsm, name)
  for await (const key of await kv.keys()) if (key !== RESTORE_KEY) await kv.delete(key)
}

interface RefillDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly log: Logger
}

async function refillAll(
  { jetstream, kv, log }: RefillDeps,
  dir: string,
  manifest: Manifest,
  progress: RestoreProgress,
): Promise<Restored> {
  const total = [...manifest.log.segments, ...manifest.dead.segments].reduce((sum, { messages }) => sum + messages, 0)
  const parse = createLogParser(manifest.partitions)
  const sends = createSends()
  let records = 0
  let dead = 0
  await refill({
    jetstream,
    dir,
    stream: 'LOG',
    backup: manifest.log,
    without: await decidedAgain(dir, manifest),
    fillerSubject: logSubject(0, FILLER),
    onMessage({ seq, subject, payload, time }) {
      const { address, record } = parse({ seq, subject, data: payload, time: new Date(time) })
      if (record !== undefined) sends.add(address, record, seq <= manifest.dispatchedSeq)
      progress.restored((records += 1) + dead, total)
    },
  })
  await refill({
    jetstream,
    dir,
    stream: 'DEAD',
    backup: manifest.dead,
    without: new Set(manifest.dead.removed),
    fillerSubject: deadSubject('removed', FILLER),
    onMessage: () => progress.restored(records + (dead += 1), total),
  })
  for (const [key, value] of Object.entries(manifest.register)) await kv.put(key, value)
  await restoreRemoved({ jetstream, kv }, manifest)
  await startDispatcherAt(jetstream, kv, manifest)

  progress.waits('pending tasks and timers to be restored')
  const deps = { jetstream, log, metrics: createMetrics(), signal: new AbortController().signal }
  const rearmed = await rearm({
    ...deps,
    partitions: Array.from({ length: manifest.partitions }, (_, partition) => partition),
    upTo: () => manifest.dispatchedSeq,
    occasion: 'restore',
    now: () => new Date().toISOString(),
  })
  const sent = sends.undelivered()
  for (const { subject, payload } of sent) await publishWithRetry({ ...deps, publisher: jetstream.publisher }, subject, payload)
  return {
    ...rearmed,
    at: manifest.at,
    records,
    dead,
    logSeq: manifest.log.lastSeq,
    inboxSeq: manifest.inbox.lastSeq + 1,
    sent: sent.length,
  }
}

/**
 * The lost records of the log that the backup has, and whose inputs were decided again after the loss: they stay away, or the inputs would
 * count twice. The backup gives all others back.
 */
async function decidedAgain(dir: string, { log, partitions }: Manifest): Promise<ReadonlySet<number>> {
  const parse = createLogParser(partitions)
  const again = new Set<number>()
  if (log.removed.length === 0) return again
  const lost = new Map<string, number>()
  for (const segment of log.segments) {
    for (const { seq, subject, payload, time } of await readSegment(dir, segment)) {
      const { record } = parse({ seq, subject, data: payload, time: new Date(time) })
      if (record === undefined) continue
      const key = `${subject} ${record.n}`
      const before = lost.get(key)
      if (before !== undefined) again.add(before)
      if (isWithin(log.removed, seq)) lost.set(key, seq)
    }
  }
  return again
}

/** What is still missing was lost before the backup; nothing is to be decided again, because INBOX is empty. */
async function restoreRemoved({ jetstream, kv }: Pick<RefillDeps, 'jetstream' | 'kv'>, { log, partitions }: Manifest): Promise<void> {
  const { unknown } = await findRemoved(jetstream)
  if (unknown.length === 0) return
  const at = log.removed[0]?.at ?? new Date().toISOString()
  await storeRemoved(
    jetstream,
    unknown.map((range) => ({ ...range, at })),
  )
  const { revision } = await findRemoved(jetstream)
  for (let partition = 0; partition < partitions; partition += 1) await markDecided(kv, partition, revision)
}

/** Saves checkpoints after the records whose effects were carried out before the backup. */
async function startDispatcherAt({ jsm }: JetStreamContext, kv: KV, { dispatchedSeq, partitions, log }: Manifest): Promise<void> {
  const { created, state } = await streamInfo(jsm, 'LOG')
  let at = null
  // A checkpoint needs a message that identifies the position; a gap has none.
  for (let seq = Math.min(dispatchedSeq, state.last_seq); at === null && seq >= log.firstSeq && seq > 0; seq -= 1) {
    at = await jsm.streams.getMessage('LOG', { seq })
  }
  const position = { created, seq: at?.seq ?? 0, ts: at?.time.toISOString() ?? '' }
  const checkpoints = createCheckpoints(kv, 'dispatch')
  await Promise.all(Array.from({ length: partitions }, (_, partition) => checkpoints.save(partition, [position])))
}
