import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriesKind } from '../../../../actors/kinds/series/series-kind.ts'
import { createTrade } from '../../../../actors/kinds/trade/kind.ts'
import { createTriggerKind } from '../../../../actors/kinds/trigger/trigger-kind.ts'
import { askQuestion } from '../../../../infra/reporting/questions/ask-question.ts'
import { createAlertChannels } from '../../../../pipeline/hooks/alert-channels.ts'
import { signatureOf } from '../../../../pipeline/hooks/signed-post.ts'
import { type HookReceiver, startHookReceiver } from '../../../support/hook-receiver.ts'
import { runCli } from '../../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const METRIC = 'colloquy_stage_in_total'
let system: System
let receiver: HookReceiver
/** Answers nothing, and counts the calls by id. */
let hanging: HookReceiver
const hung: string[] = []

beforeAll(async () => {
  receiver = await startHookReceiver()
  hanging = await startHookReceiver()
  hanging.answer = ({ id }) => {
    hung.push(id)
    return undefined
  }
  const channels = createAlertChannels({ hosts: [receiver.host, hanging.host], timeoutMs: 3_000 })
  system = await startSystem({ kinds: [seriesKind, createTriggerKind({ channels }), createTrade()], settings: { SERIES_METRICS: METRIC } })
})
afterAll(async () => {
  await system.stop()
  await receiver.stop()
  await hanging.stop()
})

const publish = (key: string, type: string, data: object) => publishAll(system, [{ subject: `in.acme.${key}`, body: { type, data } }])
const outcomes = async (actor: string, type: string): Promise<string[]> =>
  (await readLog(system)).filter((entry) => entry.actor === actor && entry.record.input.type === type).map(({ record }) => record.outcome)
const emitted = async (actor: string): Promise<string[]> =>
  (await readLog(system)).filter((entry) => entry.actor === actor).flatMap(({ record }) => record.emitted.map(({ type }) => type))
const until = async (actor: string, ...types: string[]): Promise<void> =>
  expect.poll(() => emitted(actor), { timeout: 60_000 }).toEqual(expect.arrayContaining(types))

test('readings raise one alert, which calls a hook and another actor, is acknowledged and cleared, and is a row of alerts', async () => {
  const order = { to: 'actor', kind: 'trade', id: 'desk', type: 'order.placed', data: { side: 'sell', quantity: 3 } }
  const escalation = [{ actions: [{ to: 'hook', url: receiver.url }, order] }]
  await publish('trigger.hot', 'trigger.set', {
    series: 'pump',
    when: 'mean("1m") > 80.0',
    clear: 'value < 50.0',
    priority: 'high',
    escalation,
  })
  await expect.poll(() => outcomes('acme/series/pump', 'series.watched'), { timeout: 60_000 }).toEqual(['committed'])
  for (const value of [85, 95, 99]) await publish('series.pump', 'readings.taken', { readings: [{ value }, { value: value + 1 }] })
  await until('acme/trigger/hot', 'alert.raised', 'notification.sent')
  await until('acme/trade/desk', 'order.accepted')
  expect(receiver.calls).toHaveLength(1)
  const { id = '', timestamp = '', body = '', signature, event } = receiver.calls[0] ?? {}
  const shown = await runCli(['hooks', 'key', 'trigger/hot', '--tenant', 'acme'], { dataDir: system.settings.DATA_DIR })
  const key = Buffer.from(shown.stdout.trim().replace(/^whsec_/, ''), 'base64')
  expect(signature).toBe(signatureOf(key, id, timestamp, body))
  expect(event).toMatchObject({ type: 'alert.raised', data: { alert: 'hot-1', series: 'pump', priority: 'high' } })

  await publish('trigger.hot', 'alert.seen', { by: 'ann' })
  await until('acme/trigger/hot', 'alert.acknowledged')
  await publish('series.pump', 'readings.taken', { readings: [{ value: 20 }] })
  await until('acme/trigger/hot', 'alert.cleared')
  expect((await emitted('acme/trigger/hot')).filter((type) => type === 'alert.raised')).toHaveLength(1)
  await caughtUp(system)
  const found = await rows(
    system,
    `SELECT alert, series, priority, value, steps, acknowledged_by, cleared_reason, isNotNull(acknowledged_at) AS seen,
       cleared_at >= raised_at AS ends FROM alerts WHERE tenant = 'acme' AND actor = 'hot'`,
  )
  expect(found).toMatchObject([
    { alert: 'hot-1', series: 'pump', priority: 'high', value: 86, acknowledged_by: 'ann', cleared_reason: 'condition' },
  ])
  const from = new Date(Date.now() - 3_600_000)
  const answer = await askQuestion(system.running.client ?? expect.unreachable('no tables'), 'alerts', {
    tenant: 'acme',
    from,
    to: new Date(Date.now() + 1_000),
  })
  expect(answer).toMatchObject([
    { total: true, alerts: 1, open: 0, acknowledged: 1, escalated: 0, acknowledged_p50_ms: expect.any(Number) as number },
    { total: false, series: 'pump', alerts: 1, cleared_p50_ms: expect.any(Number) as number },
  ])
}, 120_000)

test('a hook that hangs holds up no hook of a later step, and is called no more once somebody has seen the alert', async () => {
  const escalation = [
    { actions: [{ to: 'hook', url: hanging.url }] },
    { after: '1s', actions: [{ to: 'hook', url: `${receiver.url}?step=2` }] },
  ]
  await publish('trigger.cold', 'trigger.set', { series: 'fridge', when: 'value > 8.0', escalation })
  await expect.poll(() => outcomes('acme/series/fridge', 'series.watched'), { timeout: 60_000 }).toEqual(['committed'])
  await publish('series.fridge', 'readings.taken', { readings: [{ value: 9 }] })
  await until('acme/trigger/cold', 'alert.escalated', 'notification.sent')
  await publish('trigger.cold', 'alert.seen', { by: 'ann' })
  await until('acme/trigger/cold', 'alert.acknowledged', 'notification.dropped')
  await publish('series.fridge', 'readings.taken', { readings: [{ value: 3 }] })
  const told = async (): Promise<string[]> => (await emitted('acme/trigger/cold')).filter((type) => type.startsWith('notification.'))
  await expect.poll(told, { timeout: 60_000 }).toEqual(['notification.sent', 'notification.dropped', 'notification.sent'])
  // One attempt was under way when the second step was told, and another one at most until somebody had seen the alert.
  expect(new Set(hung).size).toBe(1)
  expect(hung.length).toBeLessThanOrEqual(2)
}, 120_000)

test('a condition that does not compile is a dead letter with the column', async () => {
  await publish('trigger.bad', 'trigger.set', { series: 'pump', when: 'mean("1m" > 80.0' })
  await expect.poll(() => outcomes('acme/trigger/bad', 'trigger.set'), { timeout: 60_000 }).toEqual(['rejected'])
  await caughtUp(system)
  const letters = await rows(system, `SELECT reason, error FROM dead_letters WHERE actor = 'bad'`)
  expect(letters).toMatchObject([{ reason: 'bad_data', error: expect.stringContaining('when: column 17') as string }])
}, 120_000)

test('an emitted event is a reading where a trigger watches it', async () => {
  await publish('trigger.sales', 'trigger.set', { series: 'orders', when: 'sum("1m") > 5.0' })
  await publish('trigger.sales', 'trigger.watch', { kind: 'trade', type: 'order.accepted', value: 'quantity' })
  await until('acme/trigger/sales', 'trigger.watching')
  for (const quantity of [2, 3, 4]) await publish('trade.shop', 'order.placed', { side: 'buy', quantity })
  await expect.poll(() => outcomes('acme/series/orders', 'readings.taken'), { timeout: 60_000 }).toHaveLength(3)
  await until('acme/trigger/sales', 'alert.raised')
}, 120_000)

test('a metric that the settings name is a series', async () => {
  await expect.poll(() => outcomes(`default/series/${METRIC}`, 'readings.taken'), { timeout: 60_000 }).toContain('committed')
}, 120_000)
