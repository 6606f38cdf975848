import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordAt } from '../jetstream/last-record.ts'
import { findResumePosition, streamPositionSchema } from '../jetstream/position-history.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { Metrics } from '../runtime/metrics.ts'

const KEY = 'inbox.trimmed'
/** INBOX was trimmed up to a sequence because LOG had all records up to a position. */
const trimmedSchema = z.object({ inboxSeq: z.int().nonnegative(), log: streamPositionSchema })
const markIn = (kv: KV) => typedKey(kv, KEY, trimmedSchema)

/** To be written down before INBOX is trimmed. */
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
 * Says what cannot be healed: LOG went back so far that INBOX no longer has the inputs of the records that it lost. What INBOX still
 * has is decided again; nothing else is known of the rest. Said by each host that begins, until INBOX is trimmed the next time.
 */
export async function reportLostInputs({
  jetstream,
  kv,
  log,
  metrics,
}: {
  jetstream: JetStreamContext
  kv: KV
  log: Logger
  metrics: Metrics
}): Promise<void> {
  const mark = await markIn(kv).get()
  if (mark === undefined) return
  const { inboxSeq, log: had } = mark.value
  const { truncated } = await findResumePosition(jetstream.jsm, 'LOG', [had])
  if (!truncated) return
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  metrics.inputsLost.inc()
  log.error(
    { hadLogSeq: had.seq, hadLogTs: had.ts, logSeq: state.last_seq, logTs: state.last_ts, inboxSeq },
    `LOG lost records of inputs that INBOX no longer has: those up to INBOX sequence ${inboxSeq} that were decided after ${state.last_ts} and by ${had.ts} are gone. `
      + 'A backup that is newer than that has them (colloquy restore); else their producers have to send them again',
  )
}
