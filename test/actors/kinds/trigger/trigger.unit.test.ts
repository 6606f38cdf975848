import { describe, expect, test } from 'vitest'
import type { Notification } from '../../../../actors/kinds/trigger/channels.ts'
import { afterQuiet } from '../../../../actors/kinds/trigger/quiet-hours.ts'
import { createTriggerKind } from '../../../../actors/kinds/trigger/trigger-kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'

const nowhere = async (): Promise<void> => undefined
const triggerKind = createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } })
type Story = Scenario<typeof triggerKind>

const SOURCE = { source: 'colloquy/test/series/pump' }
const WHEN = 'mean("5m") > 80.0'
const AT = { id: 'hot' }
const MAIL = { to: 'mail', address: 'ann@example.com' } as const
const HOOK = { to: 'hook', url: 'https://example.com/alerts' } as const

const story = (): Story => given(triggerKind, AT).task('hook', {}).task('chat', {}).task('mail', {})
const set = (more: object = {}, from = story()): Story => from.when('trigger.set', { series: 'pump', when: WHEN, ...more })
const told = (from: Story, state: 'met' | 'unmet' | 'failed', revision = 1, problem?: string): Story =>
  from.when('condition.changed', { revision, state, at: from.now, value: 85, ...(problem !== undefined && { problem }) }, SOURCE)
const met = (from: Story): Story => told(from, 'met')
const unmet = (from: Story): Story => told(from, 'unmet')
const emittedIn = (from: Story): string[] => from.records.flatMap(({ emitted }) => emitted.map(({ type }) => type))
const notifiedIn = (from: Story): string[] => from.records.flatMap(({ started }) => started.map(({ input }) => (input as Notification).to))

describe('a trigger', () => {
  test('watches its series, raises one alert and clears it', () => {
    const raised = met(set({ clear: 'mean("5m") < 70.0' }).thenSent('series', 'pump', 'series.watched', { revision: 1, when: WHEN }))
      .thenState('alert.raised')
      .thenEmitted('alert.raised', { alert: 'hot-1', series: 'pump', priority: 'normal', title: WHEN, value: 85 })
      .thenLabel({ alert: 'hot-1', alerts: 1 })
    unmet(raised).thenEmitted('alert.cleared', { alert: 'hot-1', reason: 'condition' }).thenState('alert.watching')
    met(unmet(raised)).thenEmitted('alert.raised', { alert: 'hot-2' })
  })

  test.each([
    ['mean("5m" > 80', 'when: column 15'],
    ['valu > 80', 'when: column 1'],
  ])('with the condition %s is refused with the column', (when, problem) => {
    const refused = set({ when }).thenRejected('bad_data')
    expect(JSON.stringify(refused.records.at(-1))).toContain(problem)
  })

  test('that is set to the same again changes nothing', () => {
    met(set({}, met(set()))).thenNothing()
  })

  test('waits until its condition has held', () => {
    const pending = met(set({ hold: '2m' }))
      .thenState('alert.pending')
      .thenNotEmitted()
    unmet(pending.after('1m')).thenState('alert.watching').after('5m').thenNotEmitted()
    pending.after('2m').thenEmitted('alert.raised', {})
  })

  test('ignores what a series tells about earlier settings', () => {
    const second = set({ when: 'value > 1.0' }, set())
    told(second, 'met', 1).thenNotEmitted()
    told(second, 'met', 2).thenEmitted('alert.raised', {})
  })

  test('clears an open alert when it is changed or removed', () => {
    set({ when: 'value > 1.0' }, met(set())).thenEmitted('alert.cleared', { reason: 'changed' }).thenState('alert.watching')
    met(set())
      .when('trigger.removed', {})
      .thenEmitted('alert.cleared', { reason: 'removed' })
      .thenSent('series', 'pump', 'series.unwatched')
      .thenState('alert.off')
  })

  test('leaves a series for another', () => {
    set({ series: 'fan' }, set())
      .thenSent('series', 'pump', 'series.unwatched')
      .thenSent('series', 'fan', 'series.watched', { revision: 2 })
  })

  test('tells of a condition that cannot be evaluated', () => {
    told(set(), 'failed', 1, 'division by zero').thenEmitted('trigger.failed', { problem: 'division by zero' })
  })

  test('has a series before it watches events', () => {
    story().when('trigger.watch', { kind: 'support', type: 'message.sent' }).thenRejected('bad_data')
    set()
      .when('trigger.watch', { kind: 'support', type: 'message.sent', value: 'cost' })
      .thenEmitted('trigger.watching', { series: 'pump', watch: { kind: 'support', type: 'message.sent', value: 'cost' } })
  })
})

describe('the escalation chain', () => {
  const chain = {
    escalation: [
      { actions: [HOOK] },
      { after: '15m', actions: [MAIL] },
      { after: '1h', actions: [{ to: 'mail', address: 'boss@example.com' }] },
    ],
  }

  test('goes on until somebody has seen the alert', () => {
    const raised = met(set(chain))
    expect(notifiedIn(raised)).toEqual([HOOK.url])
    const second = raised.after('15m').thenEmitted('alert.escalated', { step: 2 })
    expect(notifiedIn(second)).toEqual([HOOK.url, MAIL.address])
    const seen = second
      .when('alert.seen', { by: 'ann', note: 'on it' })
      .thenEmitted('alert.acknowledged', { by: 'ann', note: 'on it', ms: 900_000 })
    expect(notifiedIn(seen.after('10h'))).toEqual([HOOK.url, MAIL.address])
    expect(notifiedIn(second.after('45m'))).toContain('boss@example.com')
    second.after('10h').thenState('alert.raised.waiting').when('alert.seen', { by: 'ann' }).thenEmitted('alert.acknowledged', {})
  })

  test('tells the same people that the alert is over', () => {
    expect(notifiedIn(unmet(met(set(chain))))).toEqual([HOOK.url, HOOK.url])
  })

  test.each([
    ['normal', []],
    ['critical', [MAIL.address]],
  ])('of a %s alert in quiet hours notifies %j at once', (priority, notified) => {
    const raised = met(set({ priority, quiet: { from: '22:00', to: '07:00', zone: 'UTC' }, escalation: [{ actions: [MAIL] }] }))
    raised.thenEmitted('alert.raised', { priority: priority as 'normal' })
    expect(notifiedIn(raised)).toEqual(notified)
    expect(notifiedIn(raised.until('2026-01-01T07:00:01Z'))).toEqual([MAIL.address])
  })

  test('sends an input to another actor', () => {
    const order = { to: 'actor', kind: 'trade', id: 'desk', type: 'order.placed', data: { side: 'sell', quantity: 3 } }
    met(set({ escalation: [{ actions: [order] }] })).thenSent('trade', 'desk', 'order.placed', {
      side: 'sell',
      quantity: 3,
      alert: 'hot-1',
      value: 85,
    })
  })

  test('is told in Chinese, too', () => {
    const raised = met(set({ ...chain, lang: 'zh', title: '泵过热', priority: 'high' }))
    expect((raised.records.flatMap(({ started }) => started)[0]?.input as Notification).text).toBe(
      '告警（高）：泵过热。序列 pump，最新值 85，编号 hot-1',
    )
  })
})

describe('a channel', () => {
  const chain = { escalation: [{ actions: [HOOK, MAIL, { to: 'chat', url: 'https://example.com/chat' }] }] }

  test('that hangs delays no other', () => {
    const raised = met(set(chain, given(triggerKind, AT).task('mail', {}).task('chat', {})))
    expect(emittedIn(raised)).toEqual(['alert.raised', 'notification.sent', 'notification.sent'])
    raised.thenState('hook.sending').taskExpires('hook').thenEmitted('notification.failed', { channel: 'hook', code: 'deadline' })
  })

  test('that fails says how', () => {
    met(set(chain, story().task('hook', fails('hook_refused')))).thenEmitted('notification.failed', {
      alert: 'hot-1',
      channel: 'hook',
      to: HOOK.url,
      code: 'hook_refused',
    })
  })

  test('keeps a bounded number of notifications that wait', () => {
    let now = set({ escalation: [{ actions: [HOOK, HOOK, HOOK, HOOK] }] }, given(triggerKind, AT))
    for (let alert = 0; alert < 5; alert++) now = unmet(met(now))
    expect(now.context.waiting).toHaveLength(24)
    now.thenEmitted('notification.failed', { code: 'too_many' })
  })
})

test('quiet hours end at the wall time, over midnight and over a change of clocks', () => {
  const night = { from: '22:00', to: '07:00', zone: 'Europe/Berlin' }
  const end = (at: string): string => new Date(afterQuiet(Date.parse(at), night)).toISOString()
  expect(end('2026-01-10T12:00:00Z')).toBe('2026-01-10T12:00:00.000Z')
  expect(end('2026-01-10T21:30:00Z')).toBe('2026-01-11T06:00:00.000Z')
  expect(end('2026-03-28T23:00:00Z')).toBe('2026-03-29T05:00:00.000Z')
  expect(end('2026-10-24T23:00:00Z')).toBe('2026-10-25T06:00:00.000Z')
})

test('a trigger survives every walk', () => {
  const escalation = [{ actions: [HOOK, MAIL] }, { after: '15m', actions: [MAIL] }]
  const { unreached } = explore(triggerKind, {
    invariant({ state, context: { settings, alert, alerts }, records }) {
      if (state.includes('alert.raised') !== (alert !== null)) return `it is ${state}, and its alert is ${alert?.id}`
      if (state.includes('alert.off') !== (settings === null)) return `it is ${state}, and ${settings === null ? 'not ' : ''}set`
      const raised = records.flatMap(({ emitted }) => emitted).findLast(({ type }) => type === 'alert.raised')
      return raised === undefined || alerts > 0 ? undefined : 'it raises an alert, and counts none'
    },
    runs: 100,
    restingStates: ['alert', 'hook.idle', 'chat.idle', 'mail.idle'],
    events: {
      'trigger.set': [
        { series: 'pump', when: WHEN, escalation },
        { series: 'fan', when: WHEN, hold: '5m' },
      ],
      'condition.changed': [1, 2, 3].flatMap((revision) =>
        (['met', 'unmet'] as const).map((state) => ({ revision, state, at: '2026-01-01T00:00:00Z', value: 1 })),
      ),
    },
  })
  expect(unreached).toEqual(['chat.sending'])
})
