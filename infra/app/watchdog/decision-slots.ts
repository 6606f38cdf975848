import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { countHostEnd } from '../../../pipeline/watchdog/ended-hosts.ts'
import { createSlotFile, readSlotFile, type SlotContent } from '../../../pipeline/watchdog/slot-file.ts'
import { ColloquyError, hasCode } from '../../../schemas/errors.ts'
import { logSubject, parseInboxSubject } from '../../../schemas/subjects.ts'
import { type DataLock, takeDataLock } from '../../servers/data-lock.ts'

/** The folder of the slot files in the data folder, which several processes may share. */
const FOLDER = 'decisions'
const LOCK = '.lock'

/** The slot file of the host of this process, which outlives the process. */
export interface DecisionSlot {
  readonly path: string
  /** Removes the file: the host has stopped in order. The file stays for the next start if a decision was still under way. */
  remove(): Promise<void>
}

/** Creates the slot file of this process. A kernel lock beside it tells other processes that this one lives. */
export async function openDecisionSlot(dataDir: string): Promise<DecisionSlot> {
  const folder = join(dataDir, FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const lock = takeDataLock(`${path}${LOCK}`)
  createSlotFile(path)
  return {
    path,
    async remove() {
      if (slotOf(path) === undefined) await removeSlot(path, lock)
      else lock.release()
    },
  }
}

interface CountDeps {
  readonly dataDir: string
  readonly kv: KV
  readonly jetstream: JetStreamContext
  readonly log: Logger
}

/** What a process did that nothing outlived: killed, crashed, or out of memory. */
const ENDED = 'ended its process (killed, crashed, or out of memory)'

/** Reads the slots of processes that have ended in the middle of a decision, counts these ends in the cluster, and removes the files. */
export async function countEndedProcesses(deps: CountDeps): Promise<void> {
  const folder = join(deps.dataDir, FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (!name.endsWith(LOCK)) continue
    const path = join(folder, name.slice(0, -LOCK.length))
    const lock = lockOfDead(`${path}${LOCK}`)
    if (lock === undefined) continue
    try {
      const content = slotOf(path)
      if (content !== undefined) await count(deps, content)
    } finally {
      await removeSlot(path, lock)
    }
  }
}

function lockOfDead(path: string): DataLock | undefined {
  try {
    return takeDataLock(path)
  } catch (error) {
    if (hasCode(error, 'data_dir_in_use')) return undefined
    throw error instanceof Error ? new ColloquyError('data_dir_in_use', `${path}: ${error.message}`, { cause: error }) : error
  }
}

/** A process that was killed at its start has a lock and no slot. */
function slotOf(path: string): SlotContent | undefined {
  try {
    return readSlotFile(path)
  } catch {
    return undefined
  }
}

async function count({ kv, jetstream, log }: CountDeps, { seq, storedMs, isLeftBehind, wasSuspect, what }: SlotContent): Promise<void> {
  const input = await jetstream.jsm.direct.getMessage('INBOX', { seq })
  // Trimmed, or a stream that was made again: the input will not be decided.
  if (input?.seq !== seq || input.time.getTime() !== storedMs) return
  const { partition, address } = parseInboxSubject(input.subject)
  const subject = logSubject(partition, address)
  const did = what ?? ENDED
  const isOverrun = what !== undefined
  const at = new Date().toISOString()
  const times = await countHostEnd(kv, { seq, storedMs, subject, what: did, isLeftBehind, isOverrun, wasSuspect, at })
  const when = isLeftBehind ? `while code that the decision on input ${seq} had left behind ran` : `while it decided on input ${seq}`
  log.error({ seq, subject, what: did, times }, `an earlier process ended ${when}: it ${did}`)
}

async function removeSlot(path: string, lock: DataLock): Promise<void> {
  await rm(path, { force: true })
  await rm(`${path}${LOCK}`, { force: true })
  lock.release()
  // SQLite leaves it where its file is gone.
  await rm(`${path}${LOCK}-journal`, { force: true })
}
