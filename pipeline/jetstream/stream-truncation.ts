import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Metrics } from '../runtime/metrics.ts'
import type { JetStreamContext } from './connection.ts'
import { type StreamPosition, streamPositionSchema } from './position-history.ts'
import { reportTruncation } from './resume-reading.ts'
import { streamInfo } from './stream-info.ts'
import { typedKey } from './typed-kv.ts'

/** Streams that hold effects not carried out yet: no other reader would notice their loss. */
const WATCHED = ['TASKS', 'TIMERS', 'SENT'] as const
type Watched = (typeof WATCHED)[number]

const endsSchema = z.object({
  /** Rises with each detected loss. */
  epoch: z.int().nonnegative(),
  /** The last known end of each stream. */
  ends: z.record(z.enum(WATCHED), streamPositionSchema),
  /** The last loss of SENT: its epoch, and the time up to which SENT was complete, ISO. */
  sent: z.object({ epoch: z.int().positive(), since: z.string() }).optional(),
})
type KnownEnds = z.infer<typeof endsSchema>

/** The repairs that partitions need after a loss. */
export interface RecordRepair {
  /** The epoch of the last detected loss; passed to `completeRepair`. */
  readonly epoch: number
  /** Partitions whose tasks and timers may be missing. */
  readonly rearm: readonly number[]
  /** Partitions whose actors' messages to other actors may be missing, and since when. */
  readonly resend: { readonly partitions: readonly number[]; readonly since: string } | undefined
}

/**
 * Detects that TASKS, TIMERS or SENT lost their last messages, for all dispatchers: the first one to detect a loss stores it, and each
 * repairs the partitions that it owns.
 */
export interface StreamTruncation {
  /** Called before a dispatcher starts: its own publishes would hide a loss. */
  findRepairs(partitions: readonly number[]): Promise<RecordRepair>
  /** Tells that the dispatcher has published into one of the streams. */
  markChanged(): void
  /** Stores the ends of the streams after a change; called before the checkpoint that covers it. */
  saveEnds(): Promise<void>
  /** Marks partitions for repair because LOG was truncated: their tasks may be lost with their outcomes. Kept until the repair. */
  requireRepair(partitions: readonly number[]): Promise<void>
  /** Marks partitions as repaired up to an epoch. */
  completeRepair(partitions: readonly number[], epoch: number): Promise<void>
}

const KEY = 'tails'
const repairedKey = (partition: number): string => `tails.settled.${partition}`
/** Below every epoch. */
const NEEDS_REPAIR = -1

export function createStreamTruncation({
  jetstream,
  kv,
  log,
  metrics,
}: {
  jetstream: JetStreamContext
  kv: KV
  log: Logger
  metrics: Metrics
}): StreamTruncation {
  let isChanged = false

  const stored = typedKey(kv, KEY, endsSchema)
  const repairedOf = (partition: number) => typedKey(kv, repairedKey(partition), z.int())
  const detectLosses = async (): Promise<KnownEnds> => {
    for (;;) {
      const before = await stored.get()
      const ends = await endsOf(jetstream)
      if (before === undefined) {
        const first = { epoch: 0, ends }
        if ((await stored.compareAndSet(first, undefined)) !== undefined) return first
        continue
      }
      const lost: Watched[] = []
      for (const name of WATCHED) if (await isTruncated(jetstream, name, before.value.ends[name], ends[name])) lost.push(name)
      if (lost.length === 0) return before.value
      const next = afterLoss(before.value, ends, lost)
      if ((await stored.compareAndSet(next, before.revision)) === undefined) continue
      for (const stream of lost) {
        const had = before.value.ends[stream]
        reportTruncation(
          { log, metrics },
          stream,
          { had: had.seq, has: ends[stream].seq, recreated: had.created !== ends[stream].created },
          'the dispatcher publishes pending tasks, timers and messages again',
        )
      }
      return next
    }
  }
  return {
    async findRepairs(partitions) {
      const { epoch, sent } = await detectLosses()
      const repaired = await Promise.all(
        partitions.map(async (partition) => ({ partition, to: (await repairedOf(partition).get())?.value ?? 0 })),
      )
      const behind = (target: number): number[] => repaired.filter(({ to }) => to < target).map(({ partition }) => partition)
      const unsent = sent === undefined ? [] : behind(sent.epoch)
      return {
        epoch,
        rearm: behind(epoch),
        resend: sent === undefined || unsent.length === 0 ? undefined : { partitions: unsent, since: sent.since },
      }
    },
    markChanged() {
      isChanged = true
    },
    async saveEnds() {
      if (!isChanged) return
      isChanged = false
      try {
        while ((await tryToSaveEnds()) === undefined);
      } catch (error) {
        isChanged = true
        throw error
      }
    },
    async requireRepair(partitions) {
      await Promise.all(partitions.map((partition) => repairedOf(partition).put(NEEDS_REPAIR)))
    },
    async completeRepair(partitions, epoch) {
      await Promise.all(partitions.map((partition) => repairedOf(partition).put(epoch)))
    },
  }

  /** `undefined` when another member was first. */
  async function tryToSaveEnds(): Promise<number | undefined> {
    const before = await stored.get()
    if (before === undefined) return stored.compareAndSet({ epoch: 0, ends: await endsOf(jetstream) }, undefined)
    const now = await endsOf(jetstream)
    const ends = { ...before.value.ends }
    for (const name of WATCHED) {
      // A new end would hide a loss: the next check has to find it.
      if (now[name].seq > ends[name].seq && !(await isTruncated(jetstream, name, ends[name], now[name]))) ends[name] = now[name]
    }
    return stored.compareAndSet({ ...before.value, ends }, before.revision)
  }
}

async function endsOf({ jsm }: JetStreamContext): Promise<Record<Watched, StreamPosition>> {
  const [TASKS, TIMERS, SENT] = await Promise.all(
    WATCHED.map(async (name) => {
      const { created, state } = await streamInfo(jsm, name)
      return { created, seq: state.last_seq, ts: new Date(state.last_ts).toISOString() }
    }),
  )
  if (TASKS === undefined || TIMERS === undefined || SENT === undefined) throw new Error('a watched stream has no info')
  return { TASKS, TIMERS, SENT }
}

/**
 * Messages of these streams are removed when they are done: a missing message at the stored end proves nothing. A message stored later with
 * the same or a lower sequence proves that the stream was truncated.
 */
async function isTruncated({ jsm }: JetStreamContext, stream: Watched, known: StreamPosition, now: StreamPosition): Promise<boolean> {
  if (known.created !== now.created || now.seq < known.seq) return true
  if (known.seq === 0) return false
  const later = await jsm.direct.getMessage(stream, { start_time: new Date(Date.parse(known.ts) + 1) })
  if (later === null || later.seq > known.seq || later.time.toISOString() <= known.ts) return false
  // A message that is later than the last one was stored while the server's clock was ahead, and proves nothing.
  return later.time.toISOString() <= now.ts
}

function afterLoss({ epoch, sent }: KnownEnds, ends: KnownEnds['ends'], lost: readonly Watched[]): KnownEnds {
  const next = { epoch: epoch + 1, ends }
  if (!lost.includes('SENT')) return sent === undefined ? next : { ...next, sent }
  const { seq, ts } = ends.SENT
  const since = seq === 0 ? new Date(0).toISOString() : ts
  // Some partitions may still need the repair of an earlier loss.
  return { ...next, sent: { epoch: next.epoch, since: sent !== undefined && sent.since < since ? sent.since : since } }
}
