import { resolve } from 'node:path'
import type { StreamInfo } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import packageJson from '../../package.json' with { type: 'json' }
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { logParser } from '../../pipeline/jetstream/log-message.ts'
import { findRemoved, type SeqRange } from '../../pipeline/jetstream/removed.ts'
import { partitionsOf, streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { openTaskObjects } from '../../pipeline/task-runner/object-store.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { isRegistryKey } from '../app/kind-registry.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { takeDataLock } from '../servers/data-lock.ts'
import type { Settings } from '../settings.ts'
import { makeFolder, readManifest, removeStrays, writeManifest } from './backup-folder.ts'
import { FORMAT, type Manifest, type StreamBackup } from './backup-format.ts'
import { copyAccess } from './copy-access.ts'
import { copyKeys } from './copy-keys.ts'
import { copyObjects } from './copy-objects.ts'
import { copyStream } from './copy-stream.ts'
import { waitUntilDecided, waitUntilDispatched } from './wait-caught-up.ts'

/** Receives the progress of a backup. */
export interface BackupProgress {
  /** Number of records and dead letters copied, and to copy. */
  copied(done: number, total: number): void
  /** Called with the reason when the backup waits. */
  waits(what: string): void
}

/** The result of a backup. */
export interface BackedUp {
  readonly dir: string
  /** Start of the backup, ISO. If `decided` is true, the backup has the records of all inputs that were acknowledged before it. */
  readonly at: string
  readonly decided: boolean
  /** LOG sequences that this run copied. */
  readonly from: number
  readonly to: number
  /** Numbers of records and dead letters, and bytes, that this run copied. */
  readonly records: number
  readonly dead: number
  readonly bytes: number
  /** Number of objects of tasks in the backup. */
  readonly objects: number
  /** Copied by this run and earlier ones. */
  readonly recordsInAll: number
  readonly bytesInAll: number
  /** Ranges of LOG sequences whose records LOG has lost. */
  readonly removed: readonly SeqRange[]
}

/**
 * Backs up a running system into a folder: the log, and the state that cannot be derived from the log. If the folder has an earlier
 * backup, copies only what is new. The earlier backup stays valid until the new one is complete.
 *
 * @throws ColloquyError `other_log` if the folder has the backup of another log; `tail_lost` if the log has lost records that the backup
 * has; `bad_backup`; as `withJetStream` does.
 */
export const backUp = (settings: Settings, dir: string, progress: BackupProgress, signal: AbortSignal): Promise<BackedUp> =>
  withJetStream(settings, async (jetstream) => {
    await makeFolder(dir)
    const lock = takeDataLock(resolve(dir, 'lock'))
    try {
      await copyKeys(settings.DATA_DIR, dir)
      await copyAccess(jetstream, resolve(dir))
      return await backUpInto(jetstream, resolve(dir), progress, signal)
    } finally {
      lock.release()
    }
  })

async function backUpInto(jetstream: JetStreamContext, dir: string, progress: BackupProgress, signal: AbortSignal): Promise<BackedUp> {
  const before = await readManifest(dir)
  const kv = await openBucket(jetstream.nc)
  const at = new Date().toISOString()
  const inbox = await streamInfo(jetstream.jsm, 'INBOX')
  const partitions = partitionsOf(inbox)
  if (before !== undefined) await checkContinues(jetstream, before.log, dir)

  progress.waits('the hosts to record the acknowledged inputs')
  const decided = await waitUntilDecided(jetstream, inbox.state.last_seq, partitions, signal)
  const log = await streamInfo(jetstream.jsm, 'LOG')
  progress.waits('the dispatcher to carry out their effects')
  const dispatchedSeq = await waitUntilDispatched(kv, log.state.last_seq, partitions, signal)
  const dead = await jetstream.jsm.streams.info('DEAD', { deleted_details: true })
  const deadBefore = before !== undefined && (await hasBackedUp(jetstream, 'DEAD', before.dead)) ? before.dead : undefined

  const logFrom = Math.max((before?.log.lastSeq ?? 0) + 1, log.state.first_seq)
  const deadFrom = Math.max((deadBefore?.lastSeq ?? 0) + 1, dead.state.first_seq)
  const total = Math.max(0, log.state.last_seq - logFrom + 1) + Math.max(0, dead.state.last_seq - deadFrom + 1)
  let done = 0
  let inboxSeq = Math.max(before?.inbox.lastSeq ?? 0, inbox.state.last_seq)
  const copied = (): void => progress.copied((done += 1), total)
  const parse = await logParser(jetstream)
  const logSegments = await copyStream({
    jetstream,
    dir,
    stream: 'LOG',
    from: logFrom,
    to: log.state.last_seq,
    signal,
    onMessage(message) {
      const { record } = parse(message)
      if (record !== undefined) inboxSeq = Math.max(inboxSeq, record.inbox.seq, record.low)
      copied()
    },
  })
  const deadSegments = await copyStream({
    jetstream,
    dir,
    stream: 'DEAD',
    from: deadFrom,
    to: dead.state.last_seq,
    signal,
    onMessage: copied,
  })

  progress.waits('the objects of tasks to be copied')
  const { objects, copiedBytes } = await copyObjects(
    await openTaskObjects(jetstream, log.config.num_replicas),
    dir,
    before?.objects ?? [],
    signal,
  )

  const removed = await findRemoved(jetstream)
  const manifest: Manifest = {
    format: FORMAT,
    colloquy: packageJson.version,
    natsServer: jetstream.nc.info?.version ?? 'unknown',
    partitions,
    at,
    decided,
    log: {
      ...backupOf(log, [...(before?.log.segments ?? []), ...logSegments]),
      removed: removed.ranges.map(({ from, to, reason, at: foundAt }) => ({ from, to, reason, at: foundAt })),
    },
    dead: { ...backupOf(dead, [...(deadBefore?.segments ?? []), ...deadSegments]), removed: dead.state.deleted ?? [] },
    // Includes inputs that arrived during the backup: a restored INBOX must not assign their sequences again.
    inbox: { lastSeq: Math.max(inboxSeq, (await streamInfo(jetstream.jsm, 'INBOX')).state.last_seq) },
    objects,
    dispatchedSeq,
    register: await readRegister(kv),
  }
  await writeManifest(dir, manifest)
  await removeStrays(dir, manifest)
  return {
    dir,
    at,
    decided,
    from: logFrom,
    to: log.state.last_seq,
    records: count(logSegments),
    dead: count(deadSegments),
    bytes: size([...logSegments, ...deadSegments]) + copiedBytes,
    objects: objects.length,
    recordsInAll: count(manifest.log.segments),
    bytesInAll: size([...manifest.log.segments, ...manifest.dead.segments, ...objects]),
    removed: removed.ranges.map(({ from, to }) => ({ from, to })),
  }
}

const count = (segments: readonly { messages: number }[]): number => segments.reduce((sum, { messages }) => sum + messages, 0)
const size = (segments: readonly { bytes: number }[]): number => segments.reduce((sum, { bytes }) => sum + bytes, 0)

const backupOf = ({ created, state }: StreamInfo, segments: StreamBackup['segments']): StreamBackup => ({
  created,
  firstSeq: state.first_seq,
  lastSeq: state.last_seq,
  lastTs: new Date(state.last_ts).toISOString(),
  segments,
})

/** Whether a stream still has the last message of its backup. */
async function hasBackedUp(
  { jsm }: JetStreamContext,
  stream: 'LOG' | 'DEAD',
  { created, lastSeq, lastTs }: StreamBackup,
): Promise<boolean> {
  const now = await streamInfo(jsm, stream)
  if (now.created !== created || now.state.last_seq < lastSeq) return false
  if (lastSeq === 0) return true
  const message = await jsm.streams.getMessage(stream, { seq: lastSeq })
  // The sequences of a stream are dense: a message that is not there was removed, and the stream was not truncated before it.
  return message === null || message.time.toISOString() === lastTs
}

/** Refuses a folder whose backup the log does not continue. */
async function checkContinues(jetstream: JetStreamContext, before: StreamBackup, dir: string): Promise<void> {
  const { created, state } = await streamInfo(jetstream.jsm, 'LOG')
  if (created !== before.created) {
    throw new ColloquyError(
      'other_log',
      `${dir} has the backup of another log, made ${before.created}; this one was made ${created}. Name another folder`,
    )
  }
  if (await hasBackedUp(jetstream, 'LOG', before)) return
  throw new ColloquyError(
    'tail_lost',
    `${dir} has records up to LOG sequence ${before.lastSeq} of ${before.lastTs}, and the log does not have that record any more: `
      + `it lost its last messages, and ends at ${state.last_seq} now. Keep the folder: it has the lost records; `
      + 'name another folder for new backups',
  )
}

async function readRegister(kv: KV): Promise<Record<string, string>> {
  const register: Record<string, string> = {}
  for await (const key of await kv.keys()) {
    const entry = isRegistryKey(key) ? await entryOf(kv, key) : undefined
    if (entry !== undefined) register[key] = entry.string()
  }
  return register
}
