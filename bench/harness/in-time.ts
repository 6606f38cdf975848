import { setTimeout as delay } from 'node:timers/promises'
import type { ConsumerMessages } from '@nats-io/jetstream'
import { withinMs } from '../../pipeline/runtime/time-limit.ts'
import { ColloquyError } from '../../schemas/errors.ts'

/*
 * Scenarios and the gate wait for the system with these: each has a limit, and when its time is over it says what it waited for and how
 * far that was. ClickHouse's client has a limit of its own: 30 s without a byte.
 */

/** How long a stage may take to catch up, and a stream until its next message. */
export const CAUGHT_UP_MS_MAX = 300_000
/** How long a process may take to start. */
export const STARTED_MS_MAX = 120_000
const POLL_MS = 5

/** @param what is waited for, and how far it is: called when the time is over */
const late = (msMax: number, what: () => string): ColloquyError => new ColloquyError('not_level', `after ${msMax} ms: ${what()}`)

/** Waits for a promise, at most a time. @throws ColloquyError `not_level`, with `what` */
export const waitFor = <T>(promise: Promise<T>, msMax: number, what: () => string): Promise<T> =>
  withinMs(
    msMax,
    () => promise,
    () => late(msMax, what),
  )

/** Polls until the condition is true, at most a time. @throws ColloquyError `not_level`, with `what` */
export async function waitUntil(isTrue: () => boolean, msMax: number, what: () => string): Promise<void> {
  const deadline = performance.now() + msMax
  while (!isTrue()) {
    if (performance.now() > deadline) throw late(msMax, what)
    await delay(POLL_MS)
  }
}

/** Ends a reader of a stream with `not_level` and `what` if no message comes for a time. Costs nothing per message. */
export function endIfIdle(messages: ConsumerMessages, msMax: number, what: () => string): Disposable {
  let before = -1
  const check = setInterval(() => {
    const processed = messages.getProcessed()
    if (processed === before) messages.stop(late(msMax, what))
    before = processed
  }, msMax)
  return { [Symbol.dispose]: () => clearInterval(check) }
}
