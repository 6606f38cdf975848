import { Cron } from 'croner'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { decide } from '../../../../actors/core/decide.ts'
import type { Message } from '../../../../actors/core/decision.ts'
import { nextDeadline } from '../../../../actors/core/next-deadline.ts'
import { type Calendar, everyDue, MISSED } from '../../../../actors/definition/calendar.ts'
import { compiledKinds } from '../../../../actors/definition/compiled-machine.ts'
import { defineKind } from '../../../../actors/definition/define-kind.ts'
import { type Kind, kindsByName } from '../../../../actors/definition/kind.ts'
import { scheduleKind } from '../../../../actors/kinds/schedule/kind.ts'
import type { LogRecord } from '../../../../schemas/record.ts'
import { message, reread } from '../../../support/core-helpers.ts'
import { cases } from '../../../support/property-cases.ts'

const MINUTE_MS = 60_000
/** Due times of one history. */
const DUES = 40
const BEYOND = 10
const MISSED_DEFAULT = 10

const minute = fc.constantFrom('0', '30', '15,45', '*/20', '*', '7')
const hour = fc.constantFrom('*', '2', '1-3', '*/6', '2,14', '0')
const day = fc.constantFrom('*', '*', '*', '1', '15,28')
const weekday = fc.constantFrom('*', '*', '1-5', '0')
const calendars = fc
  .tuple(minute, hour, day, weekday, fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe'))
  .chain(([minutes, hours, days, weekdays, timeZone]) =>
    fc.record({
      every: fc.constant(`${minutes} ${hours} ${days} * ${weekdays}`),
      timeZone: fc.constant(timeZone),
      missed: fc.constantFrom(...MISSED),
      missedMax: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    }),
  )
  .map(({ missedMax, ...calendar }): Calendar => ({ ...calendar, ...(missedMax !== undefined && { missedMax }) }))
/** Around the nights in which clocks change, and in the middle of the year. */
const starts = fc
  .tuple(fc.constantFrom('2026-03-07', '2026-03-28', '2026-04-04', '2026-06-30', '2026-10-03', '2026-10-24', '2026-11-01'), fc.nat(86_399))
  .map(([date, second]) => Date.parse(`${date}T00:00:00Z`) + second * 1_000)
/** From the due time `first` on, nothing runs until some time after the due time `last`. */
const outages = fc.array(fc.record({ first: fc.nat(DUES - 1), length: fc.nat(12), moreMs: fc.nat(3 * MINUTE_MS) }), { maxLength: 4 })
/** How late a wake-up comes, and how much the clock of its host is behind. */
const delays = fc.array(fc.record({ lateMs: fc.nat(900), behindMs: fc.nat(800) }), { minLength: 1, maxLength: 7 })

/** When a wake-up for a time is handled: at once, or after the outage. */
type Handled = (dueMs: number) => number

/** What should come of each due time, from croner's own list of them. */
function expected(dues: readonly number[], { missed, missedMax = MISSED_DEFAULT }: Calendar, handledAt: Handled): number[] {
  const sent: number[] = []
  for (let index = 0; index < dues.length;) {
    const due = dues[index] ?? 0
    const at = Math.max(due, handledAt(due))
    const behind = dues.slice(index).filter((one) => one <= at)
    const made = missed === 'all' ? behind.slice(-missedMax) : missed === 'once' ? [due] : behind.filter((one) => at - one < MINUTE_MS)
    sent.push(...made)
    index += behind.length
  }
  return sent
}

const diary = (every: Calendar): Kind => {
  const kind = defineKind({
    name: 'diary',
    version: 1,
    context: z.object({}),
    events: { every: everyDue },
    emits: { morning: everyDue },
    tasks: {},
    every,
  })
  return kind.with(
    setup({ ...kind.xstate, actions: { say: emit(({ event }) => ({ type: 'morning', data: event.data })) } }).createMachine({
      context: {},
      initial: 'open',
      states: { open: { on: { every: { actions: 'say' } } } },
    }),
  )
}

/** How a kind begins with a calendar, and which due times its records have given to somebody. */
const SUBJECTS = {
  schedule: {
    kindOf: () => scheduleKind,
    first: (calendar: Calendar) => ({ type: 'schedule.set', data: { ...calendar, kind: 'digest', id: 'all', type: 'due', data: {} } }),
    given: ({ sent = [] }: LogRecord) => sent.map(({ id }) => id),
  },
  every: {
    kindOf: diary,
    first: () => ({ type: 'opened', data: {} }),
    given: ({ emitted }: LogRecord) => emitted.map(({ data }) => String(data['due'])),
  },
} as const

test.each(['schedule', 'every'] as const)('%s: restarts and outages leave what croner lists, as `missed` says', (name) => {
  const { kindOf, first, given } = SUBJECTS[name]
  fc.assert(
    fc.property(calendars, starts, outages, delays, fc.array(fc.boolean(), { minLength: 1 }), (calendar, startMs, gaps, late, reloads) => {
      const cron = new Cron(calendar.every, { paused: true, timezone: calendar.timeZone ?? 'UTC' })
      // Some more than the history has: an outage at its end reaches into them.
      const all = cron.nextRuns(DUES + BEYOND, new Date(startMs)).map((run) => run.getTime())
      const dues = all.slice(0, DUES)
      const endMs = dues.at(-1) ?? startMs
      const closed = gaps.map(({ first: from, length, moreMs }) => ({
        fromMs: dues[from] ?? endMs,
        toMs: (dues[Math.min(from + length, dues.length - 1)] ?? endMs) + moreMs,
      }))
      const opensAt: Handled = (ms) => {
        const outage = closed.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs)
        return outage === undefined ? ms : opensAt(outage.toMs)
      }
      const delayOf = (dueMs: number) => late[(dueMs / MINUTE_MS) % late.length] ?? { lateMs: 0, behindMs: 0 }
      const storedAt: Handled = (dueMs) => opensAt(dueMs) + delayOf(dueMs).lateMs
      const handledAt: Handled = (dueMs) => storedAt(dueMs) - delayOf(dueMs).behindMs

      const kinds = compiledKinds(kindsByName([kindOf(calendar)]))
      let actor: Actor = newActor({ tenant: 'acme', kind: name === 'schedule' ? 'schedule' : 'diary', id: 'one' })
      const sent: string[] = []
      let nowMs = startMs
      const take = (at: Message, now: string, seq: number): void => {
        const decision = decide(kinds, actor, at, { now, low: 0, lastSeq: actor.n }, true)
        if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
        sent.push(...given(decision.record))
        const kept = reloads[seq % reloads.length] === true ? undefined : decision.next
        actor = kept ?? actorAfter(actor.address, reread(decision.record))
      }
      const iso = (ms: number): string => new Date(ms).toISOString()
      take({ ...message(1, { ...first(calendar), id: 'first' }), ts: iso(startMs) }, iso(startMs), 1)
      for (let seq = 2; ; seq++) {
        const due = nextDeadline(actor.state)?.at
        const dueMs = Date.parse(due ?? '')
        // A due time that is made up for waits for the records before it, in the same moment.
        if (due === undefined || dueMs > Math.max(endMs, nowMs)) break
        const pending = Math.max(nowMs, dueMs)
        const isBehind = pending === nowMs
        const storedMs = isBehind ? nowMs : storedAt(dueMs)
        const clockMs = isBehind ? nowMs : Math.max(nowMs, handledAt(dueMs))
        const ts = iso(Math.max(storedMs, dueMs))
        take({ ...message(seq, { type: 'alarm' }, { origin: 'internal' }), ts }, iso(clockMs), seq)
        nowMs = Math.max(nowMs, clockMs)
      }
      const model = expected(all, calendar, handledAt).map(iso)
      const inTime = (times: readonly string[]): string[] => times.filter((one) => one <= iso(endMs))
      expect(inTime(sent)).toEqual(inTime(model))
      expect(new Set(sent).size).toBe(sent.length)
    }),
    { numRuns: cases(300) },
  )
})
