import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_DESK, packed, type StoredDesk, unpacked } from '../../../../actors/kinds/desk/desk-state.ts'
import { createShift } from '../../../../actors/kinds/desk/shift.ts'
import { PRIORITIES, teamSet } from '../../../../schemas/desk-events.ts'
import { cases } from '../../../support/property-cases.ts'

const MINUTE_MS = 60_000
const START = Date.parse('2026-06-01T00:00:00Z')
const FIRST_REPLY_MS = 30 * MINUTE_MS
const AGENTS = ['Ann', 'Bob', '李娜', '王伟']
const IDS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']

type Act =
  | { readonly act: 'online'; readonly agent: string; readonly capacity: number; readonly skills: string[] }
  | { readonly act: 'offline'; readonly agent: string; readonly release: boolean }
  | { readonly act: 'waiting'; readonly id: string; readonly priority: (typeof PRIORITIES)[number]; readonly skill: string | undefined }
  | { readonly act: 'accepted' | 'declined' | 'returned' | 'replied'; readonly id: string; readonly agent: string }
  | { readonly act: 'transferred'; readonly id: string; readonly agent: string; readonly to: string }
  | { readonly act: 'asked' | 'ended'; readonly id: string }
  /** Time passes; the timer fires when it is due. */
  | { readonly act: 'time'; readonly ms: number }

const agent = fc.constantFrom(...AGENTS)
const id = fc.constantFrom(...IDS)
const skill = fc.constantFrom('退款', 'billing')
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('online' as const),
      agent,
      capacity: fc.integer({ min: 1, max: 3 }),
      skills: fc.uniqueArray(skill),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('offline' as const), agent, release: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('waiting' as const),
      id,
      priority: fc.constantFrom(...PRIORITIES),
      skill: fc.option(skill, { nil: undefined }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ act: fc.constantFrom('accepted', 'accepted', 'declined', 'returned', 'replied'), id, agent }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('transferred' as const), id, agent, to: fc.oneof(agent, fc.constantFrom('team', 'other')) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('asked', 'ended'), id }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 40 * MINUTE_MS }) }) },
)

/** What somebody who only reads what the desk tells knows of it. */
interface Seen {
  /** By case: who has it, and to whom it is offered. */
  readonly owner: Map<string, string>
  readonly offered: Map<string, string>
  /** By case, from when it asks until it has left the desk: since when, and its missed promises. */
  readonly open: Map<string, { readonly since: number; overdue: string[]; isAnswered: boolean }>
}

/** A desk between two inputs is only what is stored. */
function createTestDesk() {
  let stored: StoredDesk = EMPTY_DESK
  let now = START
  let dueAt: number | null = null
  const seen: Seen = { owner: new Map(), offered: new Map(), open: new Map() }

  const step = (apply: (shift: ReturnType<typeof createShift>) => void, leaving?: string): void => {
    const desk = unpacked(stored)
    const shift = createShift(desk, 'team', now)
    shift.settle()
    apply(shift)
    shift.offer()
    stored = packed(desk)
    dueAt = shift.dueAt()
    for (const { type, data } of shift.emits) {
      const ref = data.case
      if (type === 'case.offered') {
        expect([seen.owner.get(ref), seen.offered.get(ref)]).toEqual([undefined, undefined])
        expect([...seen.offered.values()]).not.toContain(data.agent)
        seen.offered.set(ref, data.agent)
      }
      if (type === 'offer.ended') {
        expect(seen.offered.get(ref)).toBe(data.agent)
        seen.offered.delete(ref)
      }
      if (type === 'case.assigned') {
        expect(seen.owner.has(ref)).toBe(false)
        if (seen.offered.has(ref)) expect(seen.offered.get(ref)).toBe(data.agent)
        seen.offered.delete(ref)
        seen.owner.set(ref, data.agent)
      }
      if (type === 'case.released') {
        expect(seen.owner.get(ref)).toBe(data.agent)
        seen.owner.delete(ref)
        if (data.why === 'returned' || data.why === 'resolved' || data.to !== undefined) seen.open.delete(ref)
      }
      if (type === 'case.overdue') {
        const one = seen.open.get(ref)
        expect(one?.overdue).not.toContain(data.clock)
        one?.overdue.push(data.clock)
      }
    }
    for (const { id: to, type } of shift.sends) {
      const ref = `support/${to}`
      if (type === 'case.queued' && !seen.open.has(ref)) seen.open.set(ref, { since: now, overdue: [], isAnswered: false })
    }
    if (leaving !== undefined) seen.open.delete(leaving)
    check()
  }

  const check = (): void => {
    const { agents, cases: all } = unpacked(stored)
    expect(all.map((one) => `support/${one.id}`).toSorted()).toEqual([...seen.open.keys()].toSorted())
    for (const one of all) {
      const ref = `support/${one.id}`
      expect(one.held === 'assigned' ? one.agent : undefined).toBe(seen.owner.get(ref))
      expect(one.held === 'offered' ? one.agent : undefined).toBe(seen.offered.get(ref))
      const known = seen.open.get(ref)
      const isLate = known !== undefined && !known.isAnswered && now - known.since >= FIRST_REPLY_MS
      // Exactly one owner, or one overdue event once its time is over.
      if (isLate) expect(known.overdue.filter((clock) => clock === 'first_reply')).toHaveLength(1)
    }
    for (const { name, capacity, isOnline, skills } of agents) {
      const owned = all.filter(({ held, agent: owner }) => held === 'assigned' && owner === name)
      expect(all.filter(({ held, agent: asked }) => held === 'offered' && asked === name).length).toBeLessThanOrEqual(isOnline ? 1 : 0)
      const isIdle = isOnline && owned.length < capacity && ![...seen.offered.values()].includes(name)
      // Nobody waits while somebody is free who may take him.
      for (const one of all) {
        if (isIdle && one.held === 'waiting' && (one.skill === null || skills.includes(one.skill))) expect(one.passed).toContain(name)
      }
    }
  }

  const passes = (ms: number): void => {
    const end = now + ms
    for (let fired = 0; dueAt !== null && dueAt <= end; fired++) {
      // Each moment at which something is due is over after it.
      expect(fired).toBeLessThan(1_000)
      now = Math.max(now, dueAt)
      step(() => undefined)
    }
    now = end
  }

  const from = (one: string) => ({ kind: 'support', id: one })
  const take = (one: Act): void => {
    switch (one.act) {
      case 'time':
        return passes(one.ms)
      case 'online':
        return step((shift) => shift.online({ agent: one.agent, capacity: one.capacity, skills: one.skills }))
      case 'offline':
        return step((shift) => shift.offline({ agent: one.agent, release: one.release }))
      case 'waiting': {
        const data = { reason: 'x', since: new Date(now).toISOString(), priority: one.priority, skill: one.skill }
        return step((shift) => shift.waiting(from(one.id), data))
      }
      case 'accepted':
        return step((shift) => shift.accepted({ case: `support/${one.id}`, agent: one.agent }))
      case 'declined':
        return step((shift) => shift.declined({ case: `support/${one.id}`, agent: one.agent }))
      case 'returned':
        return step((shift) => shift.returned({ case: `support/${one.id}`, agent: one.agent }))
      case 'transferred': {
        const to = AGENTS.includes(one.to) ? { agent: one.to } : { team: one.to }
        return step((shift) => shift.transferred({ case: `support/${one.id}`, agent: one.agent, to }))
      }
      case 'replied': {
        const known = seen.open.get(`support/${one.id}`)
        if (known !== undefined) {
          known.isAnswered = true
          known.overdue = known.overdue.filter((clock) => clock !== 'next_reply')
        }
        return step((shift) => shift.replied(from(one.id), { agent: one.agent }))
      }
      case 'asked':
        return step((shift) => shift.asked(from(one.id)))
      case 'ended':
        return step((shift) => shift.ended(from(one.id)), `support/${one.id}`)
    }
  }
  step((shift) => shift.setTeam(teamSet.parse({ sla: { nextReply: '10m', resolution: '4h' } })))
  return { take, seen, stored: () => stored }
}

test('in any order of inputs and times a case has one owner or one overdue event, and an agent one offer', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const desk = createTestDesk()
      for (const one of acts) desk.take(one)
      // Everybody vanishes: each case is back, and each promise that was not kept is told once.
      desk.take({ act: 'time', ms: 24 * 60 * MINUTE_MS })
      expect(desk.seen.owner.size + desk.seen.offered.size).toBe(0)
      for (const { overdue, isAnswered } of desk.seen.open.values()) {
        expect(overdue.filter((clock) => clock === 'resolution')).toHaveLength(1)
        expect(overdue.filter((clock) => clock === (isAnswered ? 'next_reply' : 'first_reply'))).toHaveLength(1)
      }
    }),
    { numRuns: cases(500) },
  )
})

test('what is stored is all that a desk knows', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const desk = createTestDesk()
      for (const one of acts) desk.take(one)
      expect(packed(unpacked(desk.stored()))).toEqual(desk.stored())
    }),
    { numRuns: cases(200) },
  )
})
