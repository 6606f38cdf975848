import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { loadOf } from '../../../../actors/kinds/desk/choosing.ts'
import { createDesk } from '../../../../actors/kinds/desk/desk-kind.ts'
import { EMPTY_DESK, unpacked } from '../../../../actors/kinds/desk/desk-state.ts'
import { findQuery } from '../../../../actors/kinds/desk/places.ts'
import { createShift } from '../../../../actors/kinds/desk/shift.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import type { caseWaiting, teamSet } from '../../../../schemas/desk-events.ts'
import { DESK_LIMITS } from '../../../../schemas/desk-events.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { createActorTown } from '../../../support/actor-town.ts'

const deskKind = createDesk()
type Story = Scenario<typeof deskKind>
type Waiting = Partial<z.input<typeof caseWaiting>>

const TEAM = { tenant: 'acme', id: 'team' }
const story = (): Story => given(deskKind, TEAM)
const by = (id: string) => ({ source: `colloquy/acme/support/${id}` })
const waits = (from: Story, id: string, more: Waiting = {}): Story =>
  from.when('case.waiting', { reason: 'asked_for_person', since: from.now, ...more }, by(id))
const comes = (from: Story, agent: string, more: object = {}): Story => from.when('agent.online', { agent, ...more })
const takes = (from: Story, agent: string, id: string): Story => from.when('case.accepted', { case: `support/${id}`, agent })
const emittedIn = (from: Story, type: string) => from.records.flatMap(({ emitted }) => emitted.filter((one) => one.type === type))
const offersIn = (from: Story): string[] =>
  emittedIn(from, 'case.offered').map(({ data }) => `${String(data['agent'])}: ${String(data['case']).replace('support/', '')}`)

describe('a case', () => {
  test('is offered, accepted, answered and returned, and its actor is told', () => {
    const offered = waits(comes(story(), '李娜'), 'c1', { summary: '客户要退款', lang: 'zh' })
      .thenSent('support', 'c1', 'case.queued', { team: 'team', place: 1, opensAt: null })
      .thenEmitted('case.offered', { case: 'support/c1', agent: '李娜', summary: '客户要退款', lang: 'zh', priority: 'normal' })
    const assigned = takes(offered.after('20s'), '李娜', 'c1')
      .thenSent('support', 'c1', 'case.assigned', { team: 'team', agent: '李娜', offeredAt: offered.now, waitedMs: 20_000 })
      .thenLabel({ cases: 1, assigned: 1, online: 1 })
    assigned
      .after('2m')
      .when('case.returned', { case: 'support/c1', agent: '李娜', agreed: '退款 20 元' })
      .thenSent('support', 'c1', 'case.released', { why: 'returned', agreed: '退款 20 元', handledMs: 120_000 })
      .thenEmitted('case.released', { case: 'support/c1', agent: '李娜' })
      .thenLabel({ cases: 0 })
  })

  test('that asks again is told the same again, and not offered twice', () => {
    const again = waits(waits(comes(story(), 'Ann'), 'c1'), 'c1')
      .thenSent('support', 'c1', 'case.queued')
      .thenNotEmitted()
    expect(
      waits(takes(again, 'Ann', 'c1'), 'c1')
        .thenSent('support', 'c1', 'case.assigned', { agent: 'Ann' })
        .records.at(-1)?.emitted,
    ).toEqual([])
  })

  test('that ends is held by nobody, and its actor is told no more', () => {
    const ended = takes(waits(comes(story(), 'Ann'), 'c1'), 'Ann', 'c1').when('case.ended', { outcome: 'resolved' }, by('c1'))
    ended.thenEmitted('case.released', { why: 'resolved' }).thenLabel({ cases: 0 })
    expect(ended.records.at(-1)?.sent ?? []).toEqual([])
    waits(comes(story(), 'Ann'), 'c1')
      .when('case.ended', { outcome: 'abandoned' }, by('c1'))
      .thenEmitted('offer.ended', { agent: 'Ann', why: 'withdrawn' })
  })

  test.each([
    ['case.waiting', { reason: 'x', since: '2026-01-01T00:00:00Z' }],
    ['case.asked', {}],
    ['case.replied', { agent: 'Ann' }],
    ['case.ended', { outcome: 'resolved' }],
  ] as const)('alone sends %s: a producer does not, whatever source it names', (type, data) => {
    const town = createActorTown([deskKind])
    for (const source of ['shop', 'colloquy/acme/support/c1']) {
      town.deliver({
        address: { tenant: 'acme', kind: 'desk', id: 'team' },
        origin: 'producer',
        payload: JSON.stringify({ type, source, data }),
      })
      expect(town.last('acme/desk/team')).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
    }
  })

  test('with a clock that is ahead has waited for nothing', () => {
    waits(comes(story(), 'Ann'), 'c1', { since: '2099-01-01T00:00:00Z' }).thenEmitted('case.offered', { waitedMs: 0 })
  })
})

describe('the queue', () => {
  const queue = (): Story => {
    const first = waits(story(), 'old', { priority: 'normal' }).after('1s')
    const second = waits(first, 'young', { priority: 'normal' })
    return waits(second, 'urgent', { priority: 'urgent' })
  }

  test('goes by priority, then by waiting time', () => {
    const one = comes(queue(), 'Ann', { capacity: 3 })
    const all = takes(takes(takes(one, 'Ann', 'urgent'), 'Ann', 'old'), 'Ann', 'young')
    expect(offersIn(all)).toEqual(['Ann: urgent', 'Ann: old', 'Ann: young'])
  })

  test('leaves agents without the skill or the language alone', () => {
    const asked = waits(story(), 'c1', { skill: '退款', lang: 'zh-CN' })
    expect(
      offersIn(comes(comes(comes(asked, 'A', { skills: [] }), 'B', { skills: ['退款'], languages: ['en'] }), 'C', { languages: ['zh'] })),
    ).toEqual([])
    expect(offersIn(comes(asked, 'D', { skills: ['退款'], languages: ['en', 'zh-Hant'] }))).toEqual(['D: c1'])
    expect(offersIn(comes(asked, 'E', { skills: ['退款'] }))).toEqual(['E: c1'])
  })

  test('goes to the least busy agent, then to the one who has been idle for the longest time', () => {
    const agents = comes(comes(story(), 'Ann').after('1s'), 'Bob')
    const busy = takes(waits(agents, 'c1'), 'Ann', 'c1')
    expect(offersIn(waits(busy, 'c2'))).toEqual(['Ann: c1', 'Bob: c2'])
    const even = takes(waits(busy, 'c2'), 'Bob', 'c2').after('1s').when('case.returned', { case: 'support/c1', agent: 'Ann' })
    const both = even.after('1s').when('case.returned', { case: 'support/c2', agent: 'Bob' })
    expect(offersIn(waits(both, 'c3')).at(-1)).toBe('Ann: c3')
  })

  test('offers no more than an agent may have', () => {
    const full = takes(waits(comes(story(), 'Ann', { capacity: 1 }), 'c1'), 'Ann', 'c1')
    waits(full, 'c2').thenNotEmitted()
    takes(waits(full, 'c2'), 'Ann', 'c2').thenEmitted('case.refused', { why: 'no_capacity' })
  })
})

describe('an offer', () => {
  test('without an answer goes to the next, and the agent is asked after all others', () => {
    const agents = comes(comes(story(), 'Ann', { capacity: 5 }).after('1s'), 'Bob', { capacity: 5 })
    const lapsed = waits(agents, 'c1').after('60s').thenEmitted('offer.ended', { agent: 'Ann', why: 'lapsed' })
    expect(offersIn(lapsed)).toEqual(['Ann: c1', 'Bob: c1'])
    const taken = takes(lapsed, 'Bob', 'c1')
    expect(offersIn(waits(taken, 'c2')).at(-1)).toBe('Bob: c2')
  })

  test('that is declined goes to others first, and comes back when nobody else took it', () => {
    const declined = waits(comes(story(), 'Ann'), 'c1').when('case.declined', { case: 'support/c1', agent: 'Ann' })
    expect(offersIn(declined)).toEqual(['Ann: c1'])
    expect(offersIn(comes(declined, 'Bob'))).toEqual(['Ann: c1', 'Bob: c1'])
    expect(offersIn(declined.after('60s'))).toEqual(['Ann: c1', 'Ann: c1'])
  })

  test('is won by the first of two who race for it; the other one is told', () => {
    const race = takes(waits(comes(comes(story(), 'Ann'), 'Bob'), 'c1'), 'Bob', 'c1')
      .thenEmitted('offer.ended', { agent: 'Ann', why: 'withdrawn' })
      .thenEmitted('case.assigned', { agent: 'Bob', offeredAt: null })
    takes(race, 'Ann', 'c1').thenEmitted('case.refused', { case: 'support/c1', agent: 'Ann', why: 'taken' })
    takes(race, 'Bob', 'c1').thenNotEmitted()
  })

  test('keeps its beginning when the team gives more time', () => {
    const offered = waits(comes(story(), 'Ann'), 'c1')
    const longer = offered.when('team.set', { offerFor: '2m' }).after('90s').thenNotEmitted('offer.ended')
    takes(longer, 'Ann', 'c1').thenEmitted('case.assigned', { offeredAt: offered.now })
  })
})

test.each([
  ['an agent nobody knows', waits(story(), 'c1'), 'Eve', 'c1', 'unknown_agent'],
  ['a case that is not there', comes(story(), 'Ann'), 'Ann', 'c9', 'no_such_case'],
] as const)('%s is refused', (_, from, agent, id, why) => {
  takes(from, agent, id).thenEmitted('case.refused', { agent, why })
})

test('only its owner returns or transfers a case', () => {
  const owned = takes(waits(comes(comes(story(), 'Ann'), 'Bob'), 'c1'), 'Ann', 'c1')
  owned.when('case.returned', { case: 'support/c1', agent: 'Bob' }).thenEmitted('case.refused', { why: 'not_yours' })
  owned
    .when('case.transferred', { case: 'support/c1', agent: 'Bob', to: { team: 'two' } })
    .thenEmitted('case.refused', { why: 'not_yours' })
})

describe('a transfer', () => {
  const owned = (): Story => takes(waits(comes(comes(story(), 'Ann'), 'Bob', { capacity: 1 }), 'c1'), 'Ann', 'c1')
  const to = (from: Story, target: { agent: string } | { team: string }): Story =>
    from.when('case.transferred', { case: 'support/c1', agent: 'Ann', to: target, note: '会说中文' })

  test('to an agent makes him the owner', () => {
    to(owned(), { agent: 'Bob' })
      .thenSent('support', 'c1', 'case.released', { why: 'transferred', agent: 'Ann', note: '会说中文' })
      .thenSent('support', 'c1', 'case.assigned', { agent: 'Bob', offeredAt: null })
  })

  test('to an agent who is away or full is refused, and the owner stays', () => {
    to(owned(), { agent: 'Cid' }).thenEmitted('case.refused', { why: 'unavailable' }).thenLabel({ assigned: 1 })
    to(takes(waits(owned(), 'c2'), 'Bob', 'c2'), { agent: 'Bob' }).thenEmitted('case.refused', { why: 'no_capacity' })
  })

  test('to a team tells the case, which asks there', () => {
    to(owned(), { team: 'two' }).thenSent('support', 'c1', 'case.released', { why: 'transferred', to: 'two' }).thenLabel({ cases: 0 })
  })

  test('tells the other team the note with the offer', () => {
    const from = { team: 'one', agent: 'Eve', note: '会说中文' }
    waits(comes(story(), 'Ann'), 'c1', { from }).thenEmitted('case.offered', { agent: 'Ann', note: '会说中文' })
    to(owned(), { team: 'team' }).thenEmitted('case.offered', { agent: 'Bob', note: '会说中文' })
  })

  test('to a team that is none comes back to the agent, who is told', () => {
    waits(story(), 'c1', { from: { team: 'team', agent: 'Ann' } })
      .thenSent('support', 'c1', 'case.misdirected', { team: 'team' })
      .thenLabel({ cases: 0 })
    const gone = to(owned(), { team: 'biling' })
    const back = { unknownTeam: { team: 'biling', agent: 'Ann' } }
    waits(gone, 'c1', back)
      .thenEmitted('case.refused', { case: 'support/c1', agent: 'Ann', why: 'unknown_team' })
      .thenSent('support', 'c1', 'case.assigned', { agent: 'Ann' })
    waits(gone.when('agent.offline', { agent: 'Ann' }), 'c1', back)
      .thenSent('support', 'c1', 'case.queued')
      .thenLabel({ cases: 1, assigned: 0 })
  })

  test('to its own team goes back into the queue, to somebody else', () => {
    expect(offersIn(to(owned(), { team: 'team' }))).toEqual(['Ann: c1', 'Bob: c1'])
  })
})

describe('an agent', () => {
  const owned = (): Story => takes(waits(comes(story(), 'Ann'), 'c1'), 'Ann', 'c1')

  test('without any sign is away, and his cases go back', () => {
    owned().after('15m').thenEmitted('case.released', { agent: 'Ann', why: 'away' }).thenLabel({ assigned: 0, online: 0 })
    comes(owned().after('10m'), 'Ann').after('10m').thenNotEmitted()
    owned().after('10m').when('case.replied', { agent: 'Ann' }, by('c1')).after('10m').thenNotEmitted()
  })

  test('who goes gets no offers, and keeps his cases unless he releases them', () => {
    const gone = owned().when('agent.offline', { agent: 'Ann' }).thenNotEmitted()
    waits(gone, 'c2').thenNotEmitted()
    owned().when('agent.offline', { agent: 'Ann', release: true }).thenSent('support', 'c1', 'case.released', { why: 'offline' })
  })

  test('beyond the most of a team is refused, and forgotten ones make room', () => {
    let full = story()
    for (let index = 0; index < DESK_LIMITS.agentsMax; index++) full = comes(full, `agent ${index}`)
    comes(full, 'one more').thenRejected('bad_data')
    comes(full.when('agent.offline', { agent: 'agent 7' }), 'one more').thenLabel({ online: DESK_LIMITS.agentsMax })
  })
})

describe('a promise', () => {
  const SLA = { sla: { firstReply: '5m', nextReply: '10m', resolution: '1h' } }
  const overdueIn = (from: Story) => emittedIn(from, 'case.overdue').map(({ data }) => [data['clock'], data['agent']])

  test('that is missed is told once', () => {
    const late = waits(story().when('team.set', SLA), 'c1').after('5m')
    late.thenEmitted('case.overdue', { case: 'support/c1', clock: 'first_reply', agent: null }).thenSent('support', 'c1', 'case.overdue')
    expect(overdueIn(late.after('10h'))).toEqual([
      ['first_reply', null],
      ['resolution', null],
    ])
  })

  test('of the next reply begins when the customer writes after a reply', () => {
    const owned = takes(waits(comes(story().when('team.set', SLA), 'Ann'), 'c1'), 'Ann', 'c1')
    const asked = owned.when('case.asked', {}, by('c1')).when('case.replied', { agent: 'Ann' }, by('c1'))
    expect(overdueIn(asked.after('14m'))).toEqual([])
    expect(overdueIn(asked.when('case.asked', {}, by('c1')).after('11m'))).toEqual([['next_reply', 'Ann']])
  })

  test('of the next reply is one of each message', () => {
    let asked = takes(waits(comes(story().when('team.set', SLA), 'Ann'), 'c1'), 'Ann', 'c1').when(
      'case.replied',
      { agent: 'Ann' },
      by('c1'),
    )
    for (let message = 0; message < 2; message++) {
      asked = asked.when('case.asked', {}, by('c1')).after('11m').when('case.replied', { agent: 'Ann' }, by('c1'))
    }
    expect(overdueIn(asked)).toEqual([
      ['next_reply', 'Ann'],
      ['next_reply', 'Ann'],
    ])
  })

  test.each(['offline', 'away'])('is made again to a case that lost its agent after his first reply: %s', (why) => {
    const replied = takes(waits(comes(story(), '李娜'), 'c1'), '李娜', 'c1').when('case.replied', { agent: '李娜' }, by('c1'))
    const lost = why === 'away' ? replied.after('15m') : replied.when('agent.offline', { agent: '李娜', release: true })
    const waiting = lost.thenSent('support', 'c1', 'case.released', { why }).when('case.asked', {}, by('c1'))
    expect(overdueIn(waiting.after('29m'))).toEqual([])
    expect(overdueIn(waiting.after('2h'))).toEqual([['next_reply', null]])
    expect(overdueIn(takes(comes(waiting, 'Bob'), 'Bob', 'c1').after('14m'))).toEqual([])
  })

  test('of the first reply is none where a person of another team has replied', () => {
    const team = comes(story().when('team.set', SLA), 'Ann')
    const later = team.after('1h')
    const waiting = waits(later, 'c1', { since: team.now, askedAt: later.now, missed: ['resolution'], from: { team: 'one', agent: 'Eve' } })
    expect(overdueIn(waiting.after('9m'))).toEqual([])
    expect(overdueIn(waiting.after('10m'))).toEqual([['next_reply', null]])
  })

  test('is kept to a case that has no place, too', () => {
    let full = story().when('team.set', SLA)
    const { now } = full
    for (let index = 0; index < DESK_LIMITS.casesMax; index++) full = waits(full, `c${index}`, { priority: 'high' })
    const beyond = waits(full.after('4m'), 'beyond', { since: now })
    expect(emittedIn(beyond, 'case.overdue')).toEqual([])
    waits(full.after('5m'), 'beyond', { since: now })
      .thenSent('support', 'beyond', 'case.overdue', { clock: 'first_reply', agent: null })
      .thenEmitted('case.overdue', { case: 'support/beyond' })
    waits(full.after('6m'), 'beyond', { since: now, missed: ['first_reply'] }).thenNotEmitted('case.overdue')
  })

  test('stands still while the office is closed, and the customer is told when it opens', () => {
    const hours = [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '18:00' }]
    // The test's clock begins on a Thursday, at midnight UTC: 08:00 in Shanghai.
    const closed = waits(story().when('team.set', { ...SLA, hours, timezone: 'Asia/Shanghai' }), 'c1')
    closed.thenSent('support', 'c1', 'case.queued', { opensAt: '2026-01-01T01:00:00.000Z', timezone: 'Asia/Shanghai' })
    expect(overdueIn(closed.after('64m'))).toEqual([])
    expect(overdueIn(closed.after('65m'))).toEqual([['first_reply', null]])
  })

  test('is one of tomorrow for a customer who writes at night while his case waits from the day', () => {
    const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', to: '18:00' }]
    const day = story().when('team.set', { timezone: 'Asia/Shanghai', hours }).until('2026-01-05T09:50:00.000Z')
    const waiting = waits(day, 'c1').thenSent('support', 'c1', 'case.queued', { opensAt: null })
    const asks = (from: Story): Story => from.when('case.asked', {}, by('c1'))
    expect(asks(waiting).records.at(-1)?.sent ?? []).toEqual([])
    asks(waiting.until('2026-01-05T12:00:00.000Z')).thenSent('support', 'c1', 'case.queued', { opensAt: '2026-01-06T01:00:00.000Z' })
    const taken = takes(comes(waiting, 'Ann'), 'Ann', 'c1').until('2026-01-05T10:01:00.000Z')
    expect(asks(taken).records.at(-1)?.sent ?? []).toEqual([])
  })

  test('has a default, so that no escalation waits without an end', () => {
    expect(overdueIn(waits(story(), 'c1').after('30m'))).toEqual([['first_reply', null]])
  })

  test('follows new settings', () => {
    const waiting = waits(story().when('team.set', { sla: { firstReply: '2h' } }), 'c1').after('1h')
    expect(overdueIn(waiting.when('team.set', { sla: { firstReply: '10m' } }).after('1s'))).toEqual([['first_reply', null]])
  })
})

test.each([
  ['team.set', { hourz: [] }, 'hourz'],
  ['team.set', { sla: { firstReplies: '10m' } }, 'firstReplies'],
  ['team.set', { hours: [{ days: [1], from: '09:00', until: '18:00', to: '18:00' }] }, 'until'],
  ['agent.online', { agent: 'Ann', Capacity: 5 }, 'Capacity'],
  ['agent.offline', { agent: 'Ann', relase: true }, 'relase'],
  ['case.returned', { case: 'support/c1', agent: 'Ann', agred: '20 元' }, 'agred'],
  ['case.transferred', { case: 'support/c1', agent: 'Ann', to: { agent: 'Cat', team: 'billing' } }, 'to'],
  ['case.transferred', { case: 'support/c1', agent: 'Ann', to: {} }, 'to'],
] as const)('%s with %j is refused, and names %s', (type, data, field) => {
  const town = createActorTown([deskKind])
  town.deliver({
    address: { tenant: 'acme', kind: 'desk', id: 'team' },
    origin: 'producer',
    payload: JSON.stringify({ type, source: 'shop', data }),
  })
  expect(town.last('acme/desk/team')).toMatchObject({
    outcome: 'rejected',
    reason: 'bad_data',
    error: expect.stringContaining(field) as string,
  })
})

test.each([
  [{ timezone: 'Mars/Olympus' }, 'timezone'],
  [{ hours: [] }, 'hours'],
  [{ hours: [{ days: [8], from: '09:00', to: '10:00' }] }, 'days'],
  [{ hours: [{ days: [1], from: '09:00', to: '09:00' }] }, 'to'],
  [{ holidays: ['2026-02-30'] }, 'holidays'],
  [{ offerFor: '1s' }, 'offerFor'],
  [{ sla: { firstReply: 'soon' } }, 'firstReply'],
] as [z.input<typeof teamSet>, string][])('settings %j are refused with the field %s', (settings, field) => {
  const refused = story().when('team.set', settings).thenRejected('bad_data')
  expect(JSON.stringify(refused.records.at(-1))).toContain(field)
})

test('a canned reply changes nothing at the desk, and one that names what no inbox knows is refused with the name', () => {
  const kept = story().when('canned.set', { name: '问候', texts: { zh: '{{name}}您好，我是{{ agent }}。' } })
  expect(kept.records.at(-1)).toMatchObject({ outcome: 'committed', emitted: [] })
  const refused = story()
    .when('canned.set', { name: 'hello', texts: { en: 'Dear {{ nmae }}' } })
    .thenRejected('bad_data')
  expect(refused.records.at(-1)?.error).toContain('{{ nmae }}; there is customer, name, agent, case, team')
  story().when('canned.set', { name: 'hello', texts: {} }).thenRejected('bad_data')
  const tooMany = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`z${String.fromCharCode(97 + index)}`, 'x']))
  story().when('canned.set', { name: 'hello', texts: tooMany }).thenRejected('bad_data')
})

/** The longest of each name. */
const longest = (index: number, chars: number, word: string): string => String(index).padStart(3, '0').padEnd(chars, word)

/** A team with everything at its longest, in which each agent has or is offered something. */
function fullDesk(): Story {
  const { agentsMax, casesMax, hoursMax, holidaysMax, teamSkillsMax, teamLanguagesMax, teamKindsMax } = DESK_LIMITS
  const skills = Array.from({ length: teamSkillsMax }, (_, index) => longest(index, 18, '退'))
  const languages = Array.from({ length: teamLanguagesMax }, (_, index) => `z${String.fromCharCode(97 + index)}x`)
  let desk = story().when('team.set', {
    timezone: 'America/Argentina/ComodRivadavia',
    hours: Array.from({ length: hoursMax }, () => ({ days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', to: '18:00' })),
    holidays: Array.from(
      { length: holidaysMax },
      (_, index) => `2026-${index < 20 ? '06' : '07'}-${String((index % 20) + 1).padStart(2, '0')}`,
    ),
    sla: { firstReply: '10000m', nextReply: '10000m', resolution: '10000m' },
    offerFor: '10000m',
    awayAfter: '10000m',
  })
  for (let index = 0; index < casesMax; index++) {
    const source = `colloquy/acme/${`k${index % teamKindsMax}`.padEnd(128, 'k')}/${`c${index}`.padEnd(128, 'c')}`
    const facts = { skill: skills[index % teamSkillsMax] ?? '', lang: languages[index % teamLanguagesMax] ?? '' }
    desk = desk.when('case.waiting', { reason: 'x', since: '2026-01-01T00:00:00Z', priority: 'urgent', ...facts }, { source })
  }
  for (let index = 0; index < agentsMax; index++) {
    const agent = { agent: longest(index, 26, '娜'), skills: skills.slice(-8), languages: languages.slice(-4), capacity: 20 }
    desk = desk.when('agent.online', agent)
  }
  return desk
}

describe('a full desk', () => {
  const full = fullDesk()
  const stateBytes = (from: Story): number => Buffer.byteLength(JSON.stringify(from.records.at(-1)?.state))

  test('has a state within its limit with everything at its longest', () => {
    full.thenLabel({ cases: DESK_LIMITS.casesMax, online: DESK_LIMITS.agentsMax })
    // Fields that only time and people fill: everything at its longest number.
    const { cases, agents } = full.context
    const worst = {
      ...full.context,
      turnedAway: true,
      outside: Array.from({ length: DESK_LIMITS.outsideMax }, () => ['k'.repeat(128), 'c'.repeat(128), 3, 1e12, 1e12, 1]),
      agents: agents.map((one) => [...one.slice(0, 7), 9]),
      cases: cases.map((one) => [...one.slice(0, 7), 99, 99_999_999_999, [99, 99, 99], 99_999_999_999, 15, 99_999_999_999]),
    }
    const more = JSON.stringify(worst).length - JSON.stringify(full.context).length
    // The last place may go while the tables are asked for more cases.
    const asking = seated(crowded())
    expect(asking.state).toContain('room.finding')
    const run = JSON.stringify(asking.records.at(-1)?.state?.tasks).length
    expect(stateBytes(full) + more + run).toBeLessThan(LIMITS.stateBytesMax)
  })

  test('takes no case more, says nothing, and takes it once there is a place', () => {
    const [first, second] = unpacked(full.context).cases
    const sourceOf = (id: string | undefined) => ({ source: `colloquy/acme/${first?.kind ?? ''}/${id ?? ''}` })
    const late = (from: Story): Story => from.when('case.waiting', { reason: 'x', since: from.now }, sourceOf('late'))
    const refused = late(full).thenNotEmitted()
    expect(refused.records.at(-1)?.sent ?? []).toEqual([])
    late(refused.when('case.ended', { outcome: 'resolved' }, sourceOf(first?.id)))
      .thenSent(first?.kind ?? '', 'late', 'case.queued')
      .thenLabel({ cases: DESK_LIMITS.casesMax })
    // The kind of the second case is among those that the team knows; one more is not.
    expect(second?.kind).not.toBe(first?.kind)
    waits(refused.when('case.ended', { outcome: 'resolved' }, sourceOf(first?.id)), 'other').thenLabel({ cases: DESK_LIMITS.casesMax - 1 })
  })

  test('calls those outside in their turn, and lets nobody else in before them', () => {
    const [first] = unpacked(full.context).cases
    const sourceOf = (id: string | undefined) => ({ source: `colloquy/acme/${first?.kind ?? ''}/${id ?? ''}` })
    const asks = (from: Story, id: string, since: string, more: Waiting = {}): Story =>
      from.when('case.waiting', { reason: 'x', since, ...more }, sourceOf(id))
    const outside = asks(asks(full.after('10s'), 'young', '2026-01-01T00:00:05Z'), 'old', '2026-01-01T00:00:01Z')
    const free = outside
      .when('case.ended', { outcome: 'resolved' }, sourceOf(first?.id))
      .thenSent(first?.kind ?? '', 'old', 'case.called', { team: 'team' })
    const early = asks(free, 'young', '2026-01-01T00:00:05Z')
    expect(early.records.at(-1)?.sent ?? []).toEqual([])
    asks(early, 'old', '2026-01-01T00:00:01Z').thenSent(first?.kind ?? '', 'old', 'case.queued')
    asks(early, 'urgent', '2026-01-01T00:00:09Z', { priority: 'urgent' }).thenSent(first?.kind ?? '', 'urgent', 'case.queued')
    // One that has not asked for longer than a minute no longer counts.
    asks(free.after('2m'), 'new', '2026-01-01T00:02:00Z').thenSent(first?.kind ?? '', 'new', 'case.queued')
  })

  /** The desk when 10 more cases have asked than it remembers, and then has so many places. */
  const crowded = (places = DESK_LIMITS.outsideMax + 2): Story => {
    const { cases } = unpacked(full.context)
    const kind = cases[0]?.kind ?? ''
    const sourceOf = (one: string, id: string) => ({ source: `colloquy/acme/${one}/${id}` })
    let desk = full
    for (let index = 0; index < DESK_LIMITS.outsideMax + 10; index++) {
      const since = new Date(Date.parse('2026-01-01T00:00:00Z') + index).toISOString()
      desk = desk.when('case.waiting', { reason: 'x', since }, sourceOf(kind, `late${index}`))
    }
    for (const one of cases.slice(0, places)) desk = desk.when('case.ended', { outcome: 'resolved' }, sourceOf(one.kind, one.id))
    return desk
  }
  /** Half of those that it remembers have asked again and have a place. */
  const seated = (from: Story): Story => {
    let desk = from
    for (const { kind, id, since } of unpacked(from.context).outside.slice(0, DESK_LIMITS.outsideMax / 2)) {
      const data = { reason: 'x', since: new Date(since).toISOString() }
      desk = desk.when('case.waiting', data, { source: `colloquy/acme/${kind}/${id}` })
    }
    return desk
  }
  const sentTo = (from: Story): string[] => (from.records.at(-1)?.sent ?? []).map(({ actor, type }) => `${type} ${actor}`)
  const foundCase = (from: Story, id: string, more: object = {}) => ({
    ...{ kind: unpacked(full.context).cases[0]?.kind ?? '', id, priority: 'normal' as const },
    ...{ since: Date.parse('2026-01-01T00:00:00Z'), heardAt: Date.parse(from.now) },
    ...more,
  })

  test('asks the tables who is next once those that it remembers have their places', () => {
    const { outsideMax } = DESK_LIMITS
    const before = crowded()
    expect([before.context.turnedAway, before.state]).toEqual([true, 'room.known+time.waiting'])
    const asking = seated(before)
    expect(asking.state).toBe('room.finding+time.waiting')
    const { since, without } = findQuery(asking.context, asking.now)
    expect(Date.parse(asking.now) - Date.parse(since)).toBe(90_000)
    expect(without).toHaveLength(asking.context.cases.length + outsideMax / 2)

    const found = [
      foundCase(asking, 'late8'),
      foundCase(asking, 'late9'),
      foundCase(asking, 'gone', { heardAt: Date.parse(asking.now) - 91_000 }),
    ]
    const learned = asking.taskEnds('find', found)
    expect(sentTo(learned)).toEqual(['case.called late8', 'case.called late9'])
    expect(learned.state).toBe('room.known+time.waiting')
    expect(learned.context.turnedAway).toBe(false)
    // What the tables say of a case that has a place meanwhile, or is known already, changes nothing.
    expect(sentTo(asking.taskEnds('find', [foundCase(asking, 'late0'), foundCase(asking, 'late7')]))).toEqual([])
    // As many as were asked for: there may be more.
    const many = Array.from({ length: outsideMax }, (_, index) => foundCase(asking, `more${index}`))
    expect(asking.taskEnds('find', many).context.turnedAway).toBe(true)
  })

  test('takes each case that asks where the tables are away', () => {
    const failed = seated(crowded()).taskEnds('find', fails('tables_unavailable'))
    expect([failed.state, failed.context.turnedAway]).toEqual(['room.known+time.waiting', false])
    const kind = unpacked(full.context).cases[0]?.kind ?? ''
    failed
      .when('case.waiting', { reason: 'x', since: '2026-01-01T00:00:00Z' }, { source: `colloquy/acme/${kind}/late12` })
      .thenSent(kind, 'late12', 'case.queued')
  })

  test('misses all its promises in steps that fit into records', () => {
    const late = full.after('600h')
    expect(emittedIn(late, 'case.overdue')).toHaveLength(2 * DESK_LIMITS.casesMax)
    expect(Math.max(...late.records.map(({ emitted, sent }) => emitted.length + (sent?.length ?? 0)))).toBeLessThan(LIMITS.effectsMax)
  })

  test('holds 200 of 10,000 cases that come at once, and knows who is next', () => {
    const desk = unpacked(EMPTY_DESK)
    const at = Date.parse('2026-01-01T12:00:00Z')
    for (let index = 0; index < 10_000; index++) {
      const shift = createShift(desk, 'team', at)
      shift.settle()
      shift.waiting({ kind: 'support', id: `c${index}` }, { reason: 'x', since: new Date(at - index).toISOString(), priority: 'normal' })
      shift.offer()
    }
    expect(desk.cases).toHaveLength(DESK_LIMITS.casesMax)
    expect(desk.outside.map(({ id }) => id)).toEqual(Array.from({ length: DESK_LIMITS.outsideMax }, (_, index) => `c${9_999 - index}`))
  })
})

test('no walk through a desk finds a fault', () => {
  const cases = ['support/c1', 'support/c2']
  const agents = ['Ann', '李娜']
  const pairs = cases.flatMap((one) => agents.map((agent) => ({ case: one, agent })))
  const { unreached, ineffective } = explore(deskKind, {
    runs: 100,
    restingStates: ['time.quiet', 'time.waiting', 'room.known'],
    invariant: ({ context }) => {
      const desk = unpacked(context)
      const { cases: all, agents: people } = desk
      const asked = all.filter(({ held }) => held === 'offered').map(({ agent }) => agent)
      if (new Set(asked).size < asked.length) return 'an agent is asked about two cases'
      const isHeld = all.every(({ held, agent }) => (held === 'waiting') === (agent === null))
      if (!isHeld) return 'a case is held by nobody, or waits and is held'
      return people.every((one) => loadOf(desk, one) <= DESK_LIMITS.capacityMax) ? undefined : 'an agent has too many cases'
    },
    sources: cases.map((one) => `colloquy/test/${one}`),
    events: {
      'team.set': [{ sla: { nextReply: '1m' } }, { timezone: 'Asia/Shanghai', hours: [{ days: [1, 3], from: '22:00', to: '06:00' }] }],
      'agent.online': agents.map((agent) => ({ agent })),
      'agent.offline': agents.map((agent) => ({ agent, release: true })),
      'case.waiting': [{ reason: 'x', since: '2026-01-01T00:00:00Z' }],
      'case.accepted': pairs,
      'case.declined': pairs,
      'case.returned': pairs,
      'case.transferred': [
        ...pairs.map((one) => ({ ...one, to: { agent: 'Ann' } })),
        ...pairs.map((one) => ({ ...one, to: { team: 'two' } })),
      ],
      'case.replied': agents.map((agent) => ({ agent })),
      'canned.set': [{ name: 'hello', texts: { zh: '您好' } }],
    },
  })
  // Two hundred cases are more than a walk has. Canned replies are for the tables.
  expect({ unreached, ineffective }).toEqual({ unreached: ['room.finding'], ineffective: ['canned.set', 'canned.removed'] })
})
