import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { Bus } from '../bus.ts'
import type { HandedOn, HostRun } from './host.ts'

export interface TrimOptions {
  readonly bus: Bus
  readonly host: Pick<HostRun, 'resolved' | 'handedOn'>
  /** LOG sequence up to which everything is dispatched. */
  readonly dispatched: () => number
  /** How often what is resolved is noted, and what was noted long enough ago is taken out. */
  readonly everyMs: number
  /**
   * How long resolved inputs stay: longer than the server may wait with fsync, so that inputs are still there if LOG loses
   * the records that resolved them.
   */
  readonly keepMs: number
  readonly log: Logger
}

interface Note {
  readonly at: number
  readonly inboxSeq: number
  readonly logSeq: number
  /** The last messages that INBOX took over from other streams and that are resolved too. */
  readonly handedOn: readonly HandedOn[]
}

/** Notes that wait; while the dispatcher is away the oldest ones are enough. */
const NOTES_MAX = 100
/** INBOX fuller than this is trimmed without waiting: refusing producers would be worse. */
const FULL_SHARE = 0.5

/** TIMERS also has schedules, which are not for INBOX. */
const HANDED_ON = { TIMERS: 'int.>', SENT: 'act.>' } as const

/**
 * Takes out of INBOX, and out of what other streams handed on to it, only what is resolved by records that are dispatched too: a dead
 * letter's payload is read from INBOX.
 */
export function startTrimming({ bus, host, dispatched, everyMs, keepMs, log }: TrimOptions): { stop(): void } {
  let notes: Note[] = []
  const note = (): void => {
    const { inboxSeq, logSeq } = host.resolved()
    if (notes.at(-1)?.inboxSeq === inboxSeq || notes.length === NOTES_MAX) return
    notes.push({ at: performance.now(), inboxSeq, logSeq, handedOn: host.handedOn().filter((last) => last.inboxSeq <= inboxSeq) })
  }
  const trim = async (): Promise<void> => {
    note()
    const { state, config } = await bus.jsm.streams.info('INBOX')
    const isFull = config.max_bytes > 0 && state.bytes > config.max_bytes * FULL_SHARE
    const oldest = isFull ? Infinity : performance.now() - keepMs
    const due = notes.findLast((one) => one.at <= oldest && one.logSeq <= dispatched())
    if (due === undefined) return
    notes = notes.filter((one) => one.at > due.at)
    await bus.jsm.streams.purge('INBOX', { seq: due.inboxSeq + 1 })
    for (const { stream, seq } of due.handedOn) await bus.jsm.streams.purge(stream, { filter: HANDED_ON[stream], seq: seq + 1 })
  }
  const timer = setInterval(() => {
    trim().catch((error: unknown) => log.debug({ err: messageOf(error) }, 'INBOX could not be trimmed; it is tried again'))
  }, everyMs)
  return { stop: () => clearInterval(timer) }
}
