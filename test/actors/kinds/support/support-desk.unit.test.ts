import { describe, expect, test } from 'vitest'
import { contextSchema } from '../../../../actors/kinds/support/context.ts'
import { waitingOf } from '../../../../actors/kinds/support/handing-over.ts'
import { opensText } from '../../../../actors/kinds/support/office-opens.ts'
import { summaryOf } from '../../../../actors/kinds/support/summary.ts'
import { caseWaiting, DESK_LIMITS } from '../../../../schemas/desk-events.ts'
import { createDeskHarness } from '../../../support/support-desk-harness.ts'
import { supportHarnessWith } from '../../../support/support-harness.ts'

const PERSON = { en: 'I want to talk to a human', zh: '转人工' } as const
const QUESTION = { en: 'How long does delivery take?', zh: '寄到德国运费多少' } as const
const OPENS = { opensAt: '2026-01-05T01:00:00.000Z', timezone: 'Asia/Shanghai' }

describe.each(['en', 'zh'] as const)('a case in %s that is handed over', (lang) => {
  test('asks its desk with what the agent needs to know', async () => {
    const harness = createDeskHarness()
    harness.event('message.received', { role: 'user', text: QUESTION[lang], customer: 'c-7' })
    while (harness.hasTask()) await harness.work()
    const answer = harness.emitted[0]?.data['text']
    harness.user(PERSON[lang], 'm-2')
    expect(harness.state).toBe('escalated.asking')
    const [{ data, ...sending } = { data: {} }] = harness.sent()
    expect(sending).toMatchObject({ kind: 'desk', actor: 'support', type: 'case.waiting' })
    const waiting = caseWaiting.parse(data)
    expect(waiting).toMatchObject({ reason: 'customer_asked', lang, priority: 'normal', customer: 'c-7', since: harness.last.at })
    expect(waiting.transcript).toEqual({ from: harness.records[0]?.inbox.ts, to: harness.last.at })
    expect(waiting.summary).toContain(QUESTION[lang])
    expect(waiting.summary).toContain(String(answer).slice(0, 40))
    expect(/\p{Script=Han}/u.test(waiting.summary?.split('\n').at(-1) ?? '')).toBe(lang === 'zh')
  })

  test('asks again each minute until the desk has it', () => {
    const harness = createDeskHarness()
    harness.user(PERSON[lang])
    const [first] = harness.sent()
    expect(Date.parse(harness.last.timers[0]?.at ?? '') - Date.parse(harness.last.at)).toBe(60_000)
    // What was written until now belongs to the transcript.
    const again = () => [{ type: 'case.waiting', data: { ...first?.data, transcript: { to: harness.last.at } } }]
    harness.fire()
    expect(harness.sent()).toMatchObject(again())
    harness.desk('case.called', { team: 'support' })
    expect(harness.sent()).toMatchObject(again())
    harness.desk('case.queued', { team: 'support', place: 1, opensAt: null })
    expect(harness.last).toMatchObject({ to: 'escalated.queued', emitted: [] })
    expect(harness.actor.state?.timers).toEqual({})
  })

  test('tells the customer once when somebody comes, and keeps what he leaves', () => {
    const harness = createDeskHarness()
    harness.user(PERSON[lang], 'm-1')
    harness.desk('case.queued', { team: 'support', place: 1, ...OPENS })
    expect(harness.last.emitted).toMatchObject([{ type: 'message.sent', data: { lang, replyTo: 'm-1' } }])
    const text = String(harness.last.emitted[0]?.data['text'])
    expect(text).toContain(lang === 'zh' ? '1月5日（星期一）09:00（Asia/Shanghai 时间）' : 'Monday, 5 January, at 09:00 (Asia/Shanghai)')
    harness.desk('case.queued', { team: 'support', place: 1, ...OPENS })
    expect(harness.last.emitted).toEqual([])
    harness.user(QUESTION[lang], 'm-2')
    expect(harness.last).toMatchObject({ to: 'escalated.queued', emitted: [], started: [] })
    expect(harness.sent()).toMatchObject([{ type: 'case.asked' }])
    expect(harness.context().turns.at(-1)).toEqual({ role: 'user', text: QUESTION[lang] })
  })
})

describe('a case at a desk', () => {
  const assigned = (agent = 'Ann') => {
    const harness = createDeskHarness()
    harness.user('I want to talk to a human', 'm-1')
    harness.desk('case.queued', { team: 'support', place: 1, opensAt: null })
    harness.desk('case.assigned', { team: 'support', agent, offeredAt: null, waitedMs: 1_000 })
    return harness
  }
  const release = (more: object) => ({ team: 'support', agent: 'Ann', handledMs: 1_000, ...more })

  test('is silent while a person has it, and tells the desk who wrote', () => {
    const harness = assigned()
    harness.user('How long does delivery take?')
    expect(harness.last).toMatchObject({ to: 'escalated.withAgent', emitted: [], started: [] })
    expect(harness.sent()).toMatchObject([{ kind: 'desk', actor: 'support', type: 'case.asked', data: {} }])
    harness.says('agent', '三天。')
    expect(harness.sent()).toMatchObject([{ type: 'case.replied', data: { agent: 'Ann' } }])
    harness.event('message.received', { role: 'agent', text: 'Bo here', agent: 'Bo' })
    expect(harness.sent()).toMatchObject([{ type: 'case.replied', data: { agent: 'Bo' } }])
    expect(harness.last.left).toBeUndefined()
  })

  test('returns to the machine, which knows what was agreed and answers', async () => {
    const harness = assigned()
    const agreed = `退款 20 元。${'The parcel comes on Monday. '.repeat(30)}`.slice(0, DESK_LIMITS.summaryCharsMax)
    harness.desk('case.released', release({ why: 'returned', agreed }))
    expect(harness.last).toMatchObject({ to: 'open.listening', emitted: [] })
    const turns = harness.context().turns.filter(({ role }) => role === 'agent')
    expect(
      turns
        .map(({ text }) => text)
        .join(' ')
        .replaceAll(/\s+/g, ''),
    ).toBe(agreed.replaceAll(/\s+/g, ''))
    expect(await harness.ask('How much is shipping to Germany?', 'm-9')).toMatchObject([{ data: { replyTo: 'm-9' } }])
    harness.user('转人工')
    expect(harness.last.case.counts?.escalations).toBe(2)
    expect(harness.sent()).toMatchObject([{ type: 'case.waiting' }])
  })

  test.each(['away', 'offline', 'resolved', 'transferred'])('waits again in its team when it is released: %s', (why) => {
    const harness = assigned()
    harness.desk('case.released', release({ why }))
    expect(harness.state).toBe('escalated.queued')
    expect(harness.sent()).toEqual([])
    harness.desk('case.assigned', { team: 'support', agent: 'Bo', offeredAt: null, waitedMs: 1_000 })
    expect(harness.context().desk).toMatchObject({ agent: 'Bo' })
  })

  test('asks the desk of the team that it is transferred to', () => {
    const harness = assigned()
    harness.desk('case.released', release({ why: 'transferred', to: 'billing' }))
    expect(harness.state).toBe('escalated.asking')
    expect(harness.sent()).toMatchObject([{ actor: 'billing', type: 'case.waiting' }])
    harness.desk('case.queued', { team: 'billing', place: 1, opensAt: null }, 'billing')
    harness.user('hello?')
    expect(harness.sent()).toMatchObject([{ actor: 'billing', type: 'case.asked' }])
  })

  test('takes no release of somebody who has it no longer', () => {
    const harness = assigned('Bo')
    harness.desk('case.released', release({ why: 'returned' }))
    expect(harness.state).toBe('escalated.withAgent')
  })

  test('ends at the desk when it is resolved, and opens the next one with the next message', async () => {
    const harness = assigned()
    harness.event('case.resolved', { by: 'Ann' })
    expect(harness.last).toMatchObject({ to: 'closed', emitted: [{ type: 'case.closed', data: { outcome: 'escalated_resolved' } }] })
    expect(harness.sent()).toMatchObject([{ type: 'case.ended', data: { outcome: 'escalated_resolved' } }])
    harness.desk('case.released', release({ why: 'resolved' }))
    expect(harness.state).toBe('closed')
    expect(await harness.ask('How much is shipping to Germany?')).toHaveLength(1)
  })

  test('is taken past the desk by case.taken, and ends there', () => {
    const harness = createDeskHarness()
    harness.user('转人工')
    harness.event('case.taken', { agent: 'Ann' })
    expect(harness.state).toBe('escalated.withAgent')
    expect(harness.sent()).toMatchObject([{ type: 'case.ended', data: { outcome: 'taken' } }])
    harness.user('在吗？')
    expect(harness.sent()).toEqual([])
  })

  test('keeps its place at the desk when an agent writes before he is assigned', () => {
    const harness = createDeskHarness()
    harness.user('转人工')
    harness.event('message.received', { role: 'agent', text: '您好', agent: 'Ann' })
    expect(harness.state).toBe('escalated.withAgent')
    expect(harness.sent()).toMatchObject([{ type: 'case.replied', data: { agent: 'Ann' } }])
    harness.desk('case.assigned', { team: 'support', agent: 'Ann', offeredAt: null, waitedMs: 1 })
    expect(harness.last).toMatchObject({ to: 'escalated.withAgent', state: { context: { desk: { agent: 'Ann' } } } })
  })

  test.each(['open', 'closed'])('that comes back to a desk while it is %s ends there', (where) => {
    const harness = assigned()
    if (where === 'closed') harness.event('case.resolved', {})
    else harness.desk('case.released', release({ why: 'returned' }))
    harness.desk('case.queued', { team: 'support', place: 1, opensAt: null })
    expect(harness.sent()).toMatchObject([{ actor: 'support', type: 'case.ended', data: { outcome: 'not_waiting' } }])
  })

  test('takes nothing from others that only a desk may say', () => {
    const harness = createDeskHarness()
    harness.user('转人工')
    for (const type of ['case.assigned', 'case.queued']) {
      const data = { team: 'support', agent: 'Eve', place: 1, opensAt: null, offeredAt: null, waitedMs: 0 }
      for (const source of ['shop', 'colloquy/acme/desk/support']) {
        expect(() => harness.event(type, data, { source })).toThrow('bad_data: source: only actors of the kind desk')
      }
      expect(harness.state).toBe('escalated.asking')
    }
  })

  test('a note changes nothing and is nowhere in the context', () => {
    const harness = assigned()
    const before = harness.context()
    harness.event('note.added', { agent: 'Ann', text: 'SECRET 客户很生气' })
    expect(harness.last).toMatchObject({ emitted: [], started: [] })
    expect(harness.sent()).toEqual([])
    expect(harness.context()).toEqual(before)
  })

  test('a miss of a promise is in its record and changes nothing', () => {
    const harness = assigned()
    const overdue = { case: 'support/c1', team: 'support', clock: 'next_reply', agent: 'Ann', dueAt: '2026-01-01T00:00:00.000Z' }
    harness.desk('case.overdue', overdue)
    expect(harness.last).toMatchObject({ to: 'escalated.withAgent', emitted: [], input: { data: overdue } })
  })
})

describe('a summary', () => {
  test.each(['en', 'zh'] as const)('of the longest turns in %s has its bound, and says why', (lang) => {
    const turns = contextSchema.shape.turns.parse(Array.from({ length: 6 }, () => ({ role: 'user', text: '长'.repeat(300) })))
    const summary = summaryOf(turns, 'low_confidence', lang)
    expect(summary.length).toBeLessThanOrEqual(DESK_LIMITS.summaryCharsMax)
    expect(summary.split('\n').at(-1)).toContain(lang === 'zh' ? '没有找到答案' : 'no answer was found')
  })
})

describe('the opening of an office', () => {
  test.each([
    ['2026-03-29T07:00:00.000Z', 'Europe/Berlin', 'Sunday, 29 March, at 09:00 (Europe/Berlin)'],
    ['2026-12-31T23:30:00.000Z', 'Asia/Shanghai', 'Friday, 1 January, at 07:30 (Asia/Shanghai)'],
    ['2026-01-05T00:00:00.000Z', 'No/Where', 'Monday, 5 January, at 00:00 (UTC)'],
    ['2026-01-05T00:00:00.000Z', undefined, 'Monday, 5 January, at 00:00 (UTC)'],
  ])('at %s is told in the time of %s', (opensAt, zone, expected) => {
    expect(opensText(opensAt, zone, 'en')).toContain(expected)
  })
})

describe('a case that goes from desk to desk', () => {
  const handedOn = () => {
    const harness = createDeskHarness()
    harness.user(PERSON.en)
    harness.desk('case.assigned', { team: 'support', agent: 'Ann', offeredAt: null, waitedMs: 0 })
    harness.says('agent', 'One moment.')
    harness.desk('case.overdue', { case: 'support/c1', team: 'support', clock: 'resolution', agent: 'Ann', dueAt: harness.last.at })
    harness.desk('case.released', { team: 'support', agent: 'Ann', why: 'transferred', to: 'billing', note: '会说中文', handledMs: 1 })
    return harness
  }

  test('says who handed it on, that a person has replied, what was missed, and all that was written', () => {
    const harness = handedOn()
    const [sent] = harness.sent()
    const { at } = harness.last
    expect(sent).toMatchObject({ actor: 'billing', type: 'case.waiting' })
    expect(caseWaiting.parse(sent?.data)).toMatchObject({
      from: { team: 'support', agent: 'Ann', note: '会说中文' },
      askedAt: at,
      missed: ['resolution'],
      transcript: { to: at },
    })
  })

  test('asks where it came from when the other one is no team', () => {
    const harness = handedOn()
    harness.desk('case.misdirected', { team: 'shipping' }, 'shipping')
    expect(harness.last.sent ?? []).toEqual([])
    harness.desk('case.misdirected', { team: 'billing' }, 'billing')
    expect(harness.last.to).toBe('escalated.asking')
    const [sent] = harness.sent()
    expect(sent).toMatchObject({ actor: 'support', type: 'case.waiting', data: { unknownTeam: { team: 'billing', agent: 'Ann' } } })
    expect(sent?.data['from']).toBeUndefined()
  })
})

test('a case asks again when the desk is back that its process did not have for a moment', () => {
  const before = createDeskHarness()
  before.user(PERSON.zh)
  const without = supportHarnessWith({}, { from: { actor: before.actor, started: [] } })
  without.fire()
  expect(without.last).toMatchObject({ outcome: 'committed', to: 'escalated.asking' })
  expect(without.last.sent ?? []).toEqual([])
  without.user(QUESTION.zh)
  expect(without.last).toMatchObject({ outcome: 'committed', to: 'escalated.asking' })
  const back = supportHarnessWith({ desk: {} }, { from: { actor: without.actor, started: [] } })
  back.fire()
  expect(back.last.sent).toMatchObject([{ kind: 'desk', type: 'case.waiting' }])
})

test.each(['en', 'zh'] as const)('a case in %s asks for the skill of its intent', (lang) => {
  const harness = createDeskHarness()
  harness.user(PERSON[lang])
  const context = harness.context()
  const skills = { refund: '退款' }
  const skillOf = (intent: string | null) => waitingOf({ ...context, intent }, skills, OPENS.opensAt)?.skill
  expect([skillOf('refund'), skillOf('order'), skillOf('constructor'), skillOf(null)]).toEqual(['退款', undefined, undefined, undefined])
})
