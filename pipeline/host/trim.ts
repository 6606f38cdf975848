import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { Bus } from '../bus.ts'
import type { HostRun } from './host.ts'

export interface TrimOptions {
  readonly bus: Bus
  readonly host: Pick<HostRun, 'resolved' | 'lastHandedOn'>
  /** LOG sequence up to which everything is dispatched. */
  readonly dispatched: () => number
  readonly everyMs: number
  readonly log: Logger
}

/**
 * Takes out of INBOX, and out of what TIMERS handed on to it, only what is resolved by records that are dispatched too: a dead
 * letter's payload is read from INBOX.
 */
export function startTrimming({ bus, host, dispatched, everyMs, log }: TrimOptions): { stop(): void } {
  let waiting: ReturnType<HostRun['resolved']> | undefined
  let handedOn: ReturnType<HostRun['lastHandedOn']>
  let trimmedTo = 0
  const trim = async (): Promise<void> => {
    handedOn ??= host.lastHandedOn()
    waiting ??= host.resolved()
    if (dispatched() < waiting.logSeq) return
    const { inboxSeq } = waiting
    waiting = undefined
    if (inboxSeq > trimmedTo) await bus.jsm.streams.purge('INBOX', { seq: inboxSeq + 1 })
    trimmedTo = Math.max(trimmedTo, inboxSeq)
    if (handedOn === undefined || handedOn.inboxSeq > inboxSeq) return
    await bus.jsm.streams.purge('TIMERS', { filter: 'int.>', seq: handedOn.timersSeq + 1 })
    handedOn = undefined
  }
  const timer = setInterval(() => {
    trim().catch((error: unknown) => log.debug({ err: messageOf(error) }, 'INBOX could not be trimmed; it is tried again'))
  }, everyMs)
  return { stop: () => clearInterval(timer) }
}
