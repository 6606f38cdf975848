import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { decide } from '../../../../actors/core/decide.ts'
import type { Message } from '../../../../actors/core/decision.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { createReminder } from '../../../../actors/kinds/reminder/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import type { LogRecord } from '../../../../schemas/record.ts'

const BEGIN = Date.parse('2026-01-01T00:00:00Z')
const HOUR_MS = 3_600_000
const inHours = (hours: number): string => new Date(BEGIN + hours * HOUR_MS).toISOString()

const reminderKind = createReminder()
type Story = Scenario<typeof reminderKind>
const booked = (hours: number, lang: 'en' | 'zh' = 'en'): Story =>
  given(reminderKind).when('appointment.booked', { at: inHours(hours), what: lang === 'zh' ? '牙科检查' : 'your dental check-up', lang })
const confirmed = (story: Story): Story => story.when('appointment.confirmed', {})

const SAID = {
  en: { day: 'A reminder: your dental check-up, in about 24 hours.', hours: 'in about 3 hours', minutes: 'in about 90 minutes' },
  zh: { day: '提醒您：牙科检查，约24小时后开始。', hours: '约3小时后', minutes: '约90分钟后' },
} as const

describe.each(['en', 'zh'] as const)('an appointment that nobody confirms (%s)', (lang) => {
  test('leads to reminders a day and three hours before, then to a call to a person, then it is over', () => {
    const first = booked(48, lang).thenState('open.booked').thenNotEmitted().thenTimer('24h').after('24h').thenState('open.reminded')
    const text = String(first.records.at(-1)?.emitted[0]?.data['text'])
    expect(text).toContain(SAID[lang].day)
    const second = first.thenEmitted('message.sent', { lang }).thenLabel({ reminders: 1 }).after('21h').thenState('open.remindedAgain')
    expect(String(second.records.at(-1)?.emitted[0]?.data['text'])).toContain(SAID[lang].hours)
    second
      .after('2h')
      .thenState('open.escalated')
      .thenEmitted('escalated', { reason: 'unconfirmed' })
      .after('1h')
      .thenState('closed')
      .thenEmitted('case.closed', { outcome: 'unconfirmed' })
      .after('1000h')
      .thenNothing()
  })

  test('states minutes when less than two hours are left', () => {
    const late = booked(1.5, lang).thenState('open.remindedAgain')
    expect(String(late.records.at(-1)?.emitted[0]?.data['text'])).toContain(SAID[lang].minutes)
  })
})

describe('a confirmation', () => {
  test.each([
    ['booked', 1],
    ['reminded', 25],
    ['remindedAgain', 45.5],
    ['escalated', 47.5],
  ])('in "%s" ends the reminders', (state, hours) => {
    confirmed(
      booked(48)
        .after(hours * HOUR_MS)
        .thenState(`open.${state}`),
    )
      .thenState('open.confirmed')
      .until(inHours(48))
      .thenState('closed')
      .thenEmitted('case.closed', { outcome: 'kept' })
      .thenNotEmitted('message.sent')
  })
})

describe('moving an appointment', () => {
  test('moves all later steps and asks for another confirmation', () => {
    confirmed(booked(48))
      .when('appointment.moved', { at: inHours(100) })
      .thenState('open.booked')
      .thenTimer('76h')
      .until(inHours(75))
      .thenNothing()
      .until(inHours(76))
      .thenState('open.reminded')
      .thenLabel({ at: inHours(100), reminders: 1 })
  })

  test('calls a person at once where less than an hour is left', () => {
    booked(48)
      .when('appointment.moved', { at: inHours(0.5) })
      .thenState('open.escalated')
      .thenEmitted('escalated')
  })

  test('into the past closes it', () => {
    booked(48)
      .after('5h')
      .when('appointment.moved', { at: inHours(1) })
      .thenState('closed')
      .thenEmitted('case.closed', { outcome: 'past' })
  })

  test('has no effect on an appointment that is not booked or is closed', () => {
    given(reminderKind)
      .when('appointment.moved', { at: inHours(5) })
      .thenState('new')
    booked(48)
      .when('appointment.cancelled', {})
      .when('appointment.moved', { at: inHours(60) })
      .thenState('closed')
      .thenNothing()
  })
})

test('cancelling ends it and leaves no timer', () => {
  const cancelled = booked(48)
    .after('25h')
    .when('appointment.cancelled', {})
    .thenState('closed')
    .thenEmitted('case.closed', { outcome: 'cancelled' })
  expect(cancelled.records.at(-1)?.state?.timers).toEqual({})
})

test('an appointment in the past is closed without a reminder', () => {
  booked(-1).thenState('closed').thenEmitted('case.closed', { outcome: 'past' }).thenNotEmitted('message.sent')
})

test('after closing, the next booking starts afresh', () => {
  booked(48)
    .until(inHours(48))
    .thenState('closed')
    .when('appointment.booked', { at: inHours(100), what: 'x', lang: 'en' })
    .thenState('open.booked')
    .thenLabel({ reminders: 0 })
})

test('the offset of a time counts, and a time without one is rejected', () => {
  given(reminderKind).when('appointment.booked', { at: '2026-01-03T08:00:00+08:00', what: 'x', lang: 'zh' }).thenTimer('24h')
  given(reminderKind).when('appointment.booked', { at: '2026-01-03T08:00:00', what: 'x', lang: 'zh' }).thenRejected('bad_data')
})

test('a late booking is reminded of at the right time', () => {
  given(reminderKind, { at: inHours(10) })
    .when('appointment.booked', { at: inHours(48), what: 'x', lang: 'en' }, { time: inHours(0) })
    .thenTimer('14h')
})

test('random walks find no fault, no dead end and no unreachable state', () => {
  const hours = fc.constantFrom(-1, 0.5, 2, 10, 30, 100)
  const moved = hours.map((ahead) => ({ at: inHours(ahead) }))
  const { unreached, ineffective } = explore(reminderKind, {
    runs: 100,
    events: { 'appointment.booked': moved.map((when) => ({ ...when, what: 'x', lang: 'en' as const })), 'appointment.moved': moved },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})

test('marks that passed while no host ran lead to one reminder, not to one each', () => {
  const kinds = kindsByName([reminderKind])
  const address = { tenant: 'acme', kind: 'reminder', id: 'r1' }
  const take = (actor: Actor, seq: number, hours: number, body: object, origin: Message['origin']): LogRecord => {
    const now = inHours(hours)
    const delivered = {
      seq,
      ts: now,
      payload: Buffer.from(JSON.stringify(body)),
      subject: 'in.acme.reminder.r1',
      origin,
      addressable: true,
    }
    const decision = decide(kinds, actor, delivered, { now, low: 0 }, true)
    if (decision.kind !== 'record') throw new Error(decision.kind)
    return decision.record
  }
  const booking = { type: 'appointment.booked', data: { at: inHours(48), what: 'x', lang: 'en' } }
  const waiting = take(newActor(address), 1, 0, booking, 'producer')

  const late = take(actorAfter(address, waiting), 2, 46.5, { type: 'timer.fired', run: waiting.timers[0]?.run }, 'internal')

  expect(late).toMatchObject({ to: 'open.remindedAgain', emitted: [{ type: 'message.sent' }], label: { reminders: 1 } })
  expect(late.timers).toMatchObject([{ at: inHours(47) }])
})
