import { describe, expect, test } from 'vitest'
import type { Notification } from '../../../../actors/kinds/trigger/channels.ts'
import { afterQuiet } from '../../../../actors/kinds/trigger/quiet-hours.ts'
import { createTriggerKind } from '../../../../actors/kinds/trigger/trigger-kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails, takes } from '../../../../actors/testkit/task-stubs.ts'

const nowhere = async (): Promise<void> => undefined
const triggerKind = createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } })
type Story = Scenario<typeof triggerKind>

const SOURCE = { source: 'colloquy/test/series/pump' }
const WHEN = 'mean("5m") > 80.0'
const AT = { id: 'hot' }
const MAIL = { to: 'mail', address: 'ann@example.com' } as const
const HOOK = { to: 'hook', url: 'https://example.com/alerts' } as const

const story = (): Story => given(triggerKind, AT).task('deliver', {})
const set = (more: object = {}, from = story()): Story => from.when('trigger.set', { series: 'pump', when: WHEN, ...more })
const told = (from: Story, state: 'met' | 'unmet' | 'failed', revision = 1, problem?: string): Story =>
  from.when('condition.changed', { revision, state, at: from.now, value: 85, ...(problem !== undefined && { problem }) }, SOURCE)
const met = (from: Story): Story => told(from, 'met')
const unmet = (from: Story): Story => told(from, 'unmet')
/** What a story's trigger told of a notification, such as `dropped hook raised`. */
const outcomesIn = (from: Story): string[] =>
  from.records
    .flatMap(({ emitted }) => emitted)
    .flatMap(({ type, data }) =>
      type.startsWith('notification.') ? [`${type.slice(13)} ${String(data['to'])} ${String(data['about'])}`] : [],
    )
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

  test('that watches the same events again changes nothing, and others are told with those that they replace', () => {
    const watch = { kind: 'support', type: 'message.sent' }
    const watching = set().when('trigger.watch', watch)
    watching.when('trigger.watch', watch).thenNothing()
    const other = { ...watch, value: 'usage.ms' }
    watching.when('trigger.watch', other).thenEmitted('trigger.watching', { series: 'pump', watch: other, replaced: watch })
  })

  test('that would take too much of its state is refused with the bound', () => {
    const action = { to: 'actor', kind: 'trade', id: 'desk', type: 'order.placed', data: { text: 'x'.repeat(1_500) } }
    const refused = set({ escalation: Array.from({ length: 6 }, () => ({ actions: [action, action, action, action] })) })
    expect(JSON.stringify(refused.thenRejected('bad_data').records.at(-1))).toContain('at most 32768')
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

describe('a notification', () => {
  const url = (name: string): string => `https://example.com/${name}`
  const hook = (name: string) => ({ to: 'hook', url: url(name) }) as const
  /** Calls of `hangs…` time out after 10 s, those of `refuses…` fail for good. */
  const receivers = (): Story =>
    given(triggerKind, AT).task('deliver', ({ to }) => {
      if (to.includes('hangs')) return takes('10s', fails('timeout'))
      return to.includes('refuses') ? { refused: { code: 'hook_address_refused', message: 'not public' } } : {}
    })
  const chain = (...steps: string[][]) =>
    set({ escalation: steps.map((names, at) => ({ after: `${at * 3}s`, actions: names.map(hook) })) }, receivers())
  const begunIn = (from: Story): string[] => notifiedIn(from).map((to) => to.slice(20))

  test('that hangs delays no other, of its step or a later one', () => {
    const raised = met(chain(['hangs', 'a'], ['b', 'hangs']))
    expect(outcomesIn(raised)).toEqual([`sent ${url('a')} raised`])
    expect(outcomesIn(raised.after('3s'))).toEqual([`sent ${url('a')} raised`, `sent ${url('b')} raised`])
    expect(begunIn(raised.after('3s'))).toEqual(['hangs', 'a', 'b', 'hangs'])
  })

  test('that hangs has four attempts under one id, and has failed then', () => {
    const failed = met(chain(['hangs'])).after('2m')
    expect(outcomesIn(failed)).toEqual([`failed ${url('hangs')} raised`])
    const ids = failed.records.flatMap(({ started }) => started.map(({ input }) => (input as Notification).id))
    expect([ids.length, new Set(ids).size]).toEqual([4, 1])
    const [told] = failed.records.flatMap(({ emitted }) => emitted).filter(({ type }) => type === 'notification.failed')
    expect(told?.data).toMatchObject({ code: 'timeout' })
  })

  test('that is refused for good has one attempt', () => {
    const failed = met(chain(['refuses'])).after('2m')
    expect([begunIn(failed), outcomesIn(failed)]).toEqual([['refuses'], [`failed ${url('refuses')} raised`]])
  })

  test.each([
    ['while it is tried', '5s'],
    ['between two attempts', '11s'],
  ] as const)('is not sent once somebody has seen the alert: %s', (_, after) => {
    const seen = met(chain(['hangs', 'a']))
      .after(after)
      .when('alert.seen', { by: 'ann' })
      .after('5m')
    expect(begunIn(seen)).toEqual(['hangs', 'a'])
    expect(outcomesIn(seen)).toEqual([`sent ${url('a')} raised`, `dropped ${url('hangs')} raised`])
    seen.thenState('alert.raised.acknowledged+notifying.idle')
    expect(outcomesIn(unmet(seen)).slice(2)).toEqual([`sent ${url('a')} cleared`])
  })

  test('of the end goes to those who were told or are being told, after what they were told', () => {
    const cleared = unmet(met(chain(['hangs', 'a', 'refuses'], ['b'])).after('1s'))
    expect(begunIn(cleared)).toEqual(['hangs', 'a', 'refuses', 'a'])
    expect(begunIn(cleared.after('10s'))).toEqual(['hangs', 'a', 'refuses', 'a', 'hangs'])
    expect(outcomesIn(cleared.after('10s')).at(-1)).toBe(`dropped ${url('hangs')} raised`)
  })

  test('that waits behind one of an earlier alert is dropped with its own alert', () => {
    let now = chain(['hangs'])
    for (let alert = 0; alert < 30; alert++) now = unmet(met(now))
    expect(now.context.outbox.map(({ about, alert }) => `${alert.alert} ${about}`)).toEqual(['hot-1 raised', 'hot-1 cleared'])
    expect(outcomesIn(now)).toEqual(Array.from({ length: 29 }, () => `dropped ${url('hangs')} raised`))
  })

  test('is under way with seven others at most: the next one comes before another attempt of these', () => {
    const names = (step: string): string[] => [1, 2, 3, 4].map((number) => `hangs-${step}${number}`)
    const raised = met(set({ escalation: [names('a'), names('b'), ['c']].map((step) => ({ actions: step.map(hook) })) }, receivers()))
    expect(begunIn(raised)).toEqual([...names('a'), ...names('b')])
    expect(begunIn(raised.after('12s')).slice(8)).toEqual(expect.arrayContaining(['c']))
    expect(begunIn(raised.after('12s'))[8]).toBe('c')
  })

  test('has no room beyond the bound of the bytes', () => {
    const title = '热'.repeat(200)
    const far = [1, 2, 3, 4].map((number) => hook(`hangs-${number}${'x'.repeat(400)}`))
    const raised = met(set({ title, escalation: Array.from({ length: 6 }, () => ({ actions: far })) }, receivers()))
    raised.thenEmitted('notification.failed', { code: 'too_many' })
    expect(Buffer.byteLength(JSON.stringify(raised.context.outbox))).toBeLessThanOrEqual(24_576 + 24 * 4)
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
    runs: 150,
    restingStates: ['alert', 'notifying.idle'],
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
  // The walks have few notifications at a time.
  expect(unreached.filter((state) => !/lane[3-8]/.test(state))).toEqual([])
})
