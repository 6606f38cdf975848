import { expect, test } from 'vitest'
import { observeTimer } from '../../../pipeline/host/timer-lateness.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { internal, message, play, recordOf } from '../../support/core-helpers.ts'

async function lateness(seconds: number): Promise<{ late: number; count: number; sum: number }> {
  const { actor, records } = play([message(1, { type: 'pause', data: {} })])
  const [timer] = records[0]?.timers ?? []
  const record = recordOf(actor, internal(2, { type: 'timer.fired', run: timer?.run }))
  const metrics = createMetrics()

  observeTimer(metrics, actor, { ...record, at: new Date(Date.parse(timer?.at ?? '') + seconds * 1000).toISOString() })

  const { values } = await metrics.timerLateSeconds.get()
  const valueOf = (suffix: string): number =>
    values.find(({ metricName }) => metricName === `colloquy_timer_late_seconds_${suffix}`)?.value ?? NaN
  return { late: (await metrics.timersLate.get()).values[0]?.value ?? NaN, count: valueOf('count'), sum: valueOf('sum') }
}

test('a timer is measured from its deadline, and counts as late after five seconds', async () => {
  expect(await lateness(0.25)).toEqual({ late: 0, count: 1, sum: 0.25 })
  expect(await lateness(61)).toEqual({ late: 1, count: 1, sum: 61 })
  expect(await lateness(-3)).toEqual({ late: 0, count: 1, sum: 0 })
})

test('an input that is not a fired timer is not measured', async () => {
  const { actor, records } = play([message(1, { type: 'pause', data: {} })])
  const forged = recordOf(actor, message(2, { type: 'timer.fired', data: { run: records[0]?.timers[0]?.run } }))
  const metrics = createMetrics()

  for (const record of [forged, recordOf(actor, message(3, { type: 'resume', data: {} }))]) observeTimer(metrics, actor, record)

  const { values } = await metrics.timerLateSeconds.get()
  expect(values.filter(({ value }) => value !== 0)).toEqual([])
})
