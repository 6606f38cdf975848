import type { Actor } from '../../actors/core/actor.ts'
import type { LogRecord } from '../../schemas/record.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** A timer that is decided later than this counts as late. */
const LATE_MS = 5_000

/** Measures how late a timer was, where a record is about one: `before` is the actor for which it was still pending. */
export function observeTimer(metrics: Metrics, before: Actor, { input, at }: LogRecord): void {
  if (input.type !== 'timer.fired') return
  const due = before.state?.timers[String(input.data?.['run'])]?.at
  if (due === undefined) return
  const lateMs = Math.max(0, Date.parse(at) - Date.parse(due))
  metrics.timerLateSeconds.observe(lateMs / 1000)
  if (lateMs > LATE_MS) metrics.timersLate.inc()
}
