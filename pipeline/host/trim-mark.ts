import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordAt } from '../jetstream/last-record.ts'
import { findResumePosition, streamPositionSchema } from '../jetstream/position-history.ts'
import type { Removed } from '../jetstream/removed.ts'
import { isGone } from '../jetstream/resume-reading.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { Metrics } from '../runtime/metrics.ts'

const KEY = 'inbox.trimmed'
/** The last trim: the INBOX sequence, and the LOG position whose records had resolved it. */
const trimmedSchema = z.object({ inboxSeq: z.int().nonnegative(), log: streamPositionSchema })
const markIn = (kv: KV) => typedKey(kv, KEY, trimmedSchema)

/** Stores the mark; called before INBOX is trimmed. */
export async function saveTrimMark(
  jetstream: JetStreamContext,
  kv: KV,
  { inboxSeq, logSeq }: { inboxSeq: number; logSeq: number },
): Promise<void> {
  const { created } = await streamInfo(jetstream.jsm, 'LOG')
  const record = await recordAt(jetstream, logSeq)
  if (record === undefined) return
  await markIn(kv).put({ inboxSeq, log: { created, seq: logSeq, ts: record.ts } })
}

/**
 * Reports inputs that cannot be recovered: LOG was truncated so far that INBOX no longer holds the inputs of the lost records. Inputs that
 * INBOX still holds are decided again. Each host reports it at its start, until the next trim.
 */
export async function reportLostInputs(
  { jetstream, kv, log, metrics }: { jetstream: JetStreamContext; kv: KV; log: Logger; metrics: Metrics },
  removed: Pick<Removed, 'has'>,
): Promise<void> {
  const mark = await markIn(kv).get()
  if (mark === undefined) return
  const { inboxSeq, log: had } = mark.value
  const { truncated } = await findResumePosition(jetstream.jsm, 'LOG', [had], isGone({ jetstream, log }, removed))
  if (!truncated) return
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  metrics.inputsLost.inc()
  log.error(
    { hadLogSeq: had.seq, hadLogTs: had.ts, logSeq: state.last_seq, logTs: state.last_ts, inboxSeq },
    `LOG lost records of inputs that INBOX no longer holds: inputs up to INBOX sequence ${inboxSeq} that were decided after `
      + `${state.last_ts} and by ${had.ts} are gone. Restore a newer backup (colloquy restore), or have their producers send them again`,
  )
}
