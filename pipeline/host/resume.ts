import type { Logger } from 'pino'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { FILLER, inputSubject } from '../../schemas/subjects.ts'
import type { Bus } from '../bus.ts'
import type { Metrics } from '../metrics.ts'

/** Filler messages under way at one time. */
const FILLERS_PENDING_MAX = 1_000

/**
 * Where each partition's owner goes on: after the `low` of the last record on `log.<p>.>`, read from the stream's leader. There
 * is no other checkpoint of a host.
 */
export async function resumePoints(bus: Bus, partitions: readonly number[]): Promise<Map<number, number>> {
  const lows = await Promise.all(partitions.map(async (partition): Promise<[number, number]> => {
    const last = await bus.jsm.streams.getMessage('LOG', { last_by_subj: `log.${partition}.>` })
    return [partition, last === null ? 0 : last.json<LogRecord>().low]
  }))
  return new Map(lows)
}

/**
 * INBOX may have lost its last messages (a power failure, an older copy put back). New ones would get sequences that records
 * call resolved, and would be passed over after the next restart. So its sequence is moved forward, by messages that hosts
 * ignore, until it is where the log knows it to have been.
 *
 * @returns how many sequences INBOX had lost; 0 as a rule.
 */
export async function healInbox(bus: Bus, lows: Iterable<number>, deps: { log: Logger; metrics: Metrics }): Promise<number> {
  const known = Math.max(0, ...lows)
  const { state } = await bus.jsm.streams.info('INBOX')
  const lost = known - state.last_seq
  if (lost <= 0) return 0
  deps.metrics.tailsLost.inc({ stream: 'INBOX' })
  deps.log.error({ lost, lastSeq: state.last_seq, known }, `INBOX lost its last ${lost} messages; their effects are in LOG. Its sequence is moved on`)
  for (let sent = 0; sent < lost; sent += FILLERS_PENDING_MAX) {
    const fillers = Array.from({ length: Math.min(FILLERS_PENDING_MAX, lost - sent) }, () =>
      bus.publisher.publish(inputSubject(FILLER), '{}'))
    for (const result of await Promise.all(fillers)) {
      if (!result.ok) throw new ColloquyError('heal_failed', `INBOX refused a filler (${result.code}: ${result.description})`)
    }
  }
  return lost
}
