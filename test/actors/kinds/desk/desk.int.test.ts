import { afterAll, beforeAll, expect, test } from 'vitest'
import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../../actors/definition/define-kind.ts'
import { send } from '../../../../actors/definition/send-action.ts'
import { createDesk } from '../../../../actors/kinds/desk/desk-kind.ts'
import { EMPTY_DESK, packed, unpacked } from '../../../../actors/kinds/desk/desk-state.ts'
import { findQuery } from '../../../../actors/kinds/desk/places.ts'
import { createShift } from '../../../../actors/kinds/desk/shift.ts'
import { askQuestion, type Scope } from '../../../../infra/reporting/questions/ask-question.ts'
import { askWaitingCases } from '../../../../pipeline/desks/waiting-cases-service.ts'
import { caseAssigned, caseOverdue, caseQueued, caseReleased, DESK_KIND } from '../../../../schemas/desk-events.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const ticket = defineKind({
  name: 'ticket',
  version: 1,
  context: z.object({ agent: z.string().nullable() }),
  events: {
    'ticket.opened': z.object({ lang: z.string() }),
    'ticket.answered': z.object({ agent: z.string() }),
    'ticket.closed': z.object({}),
    'case.queued': caseQueued,
    'case.assigned': caseAssigned,
    'case.released': caseReleased,
    'case.overdue': caseOverdue,
  },
  emits: {},
  tasks: {},
})

/** What a conversation does that needs a person, and nothing else. */
const ticketKind = ticket.with(
  setup({
    ...ticket.xstate,
    actions: {
      tell: enqueueActions(({ event, enqueue }) => {
        const to = { kind: DESK_KIND, id: 'team' }
        if (event.type === 'ticket.opened') {
          const data = { reason: 'asked_for_person', since: event.at, lang: event.data.lang, summary: '客户要退款' }
          enqueue(send({ ...to, type: 'case.waiting', data }))
        }
        if (event.type === 'ticket.answered') enqueue(send({ ...to, type: 'case.replied', data: event.data }))
        if (event.type === 'ticket.closed') enqueue(send({ ...to, type: 'case.ended', data: { outcome: 'resolved' } }))
      }),
    },
  }).createMachine({
    id: 'ticket',
    context: { agent: null },
    on: {
      'ticket.opened': { actions: 'tell' },
      'ticket.answered': { actions: 'tell' },
      'ticket.closed': { actions: 'tell' },
      'case.assigned': { actions: assign({ agent: ({ event }) => event.data.agent }) },
      'case.released': { actions: assign({ agent: null }) },
    },
  }),
)

/** A desk that has these cases, as it is stored. */
const storedWith = (cases: readonly (readonly [kind: string, id: string])[]) => {
  const desk = unpacked(EMPTY_DESK)
  const shift = createShift(desk, 'team', Date.now())
  for (const [kind, id] of cases) shift.waiting({ kind, id }, { reason: 'x', since: new Date().toISOString(), priority: 'normal' })
  return packed(desk)
}

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [createDesk(), ticketKind] })
})
afterAll(async () => {
  await system.stop()
})

const publish = (key: string, type: string, data: object) => publishAll(system, [{ subject: `in.acme.${key}`, body: { type, data } }])
const toDesk = (type: string, data: object) => publish('desk.team', type, data)
const emitted = async (type: string): Promise<Record<string, unknown>[]> =>
  (await readLog(system))
    .filter(({ actor }) => actor === 'acme/desk/team')
    .flatMap(({ record }) => record.emitted.filter((one) => one.type === type).map(({ data }) => data))
const until = async (type: string, ref: string): Promise<Record<string, unknown>> => {
  await expect.poll(() => emitted(type), { timeout: 60_000 }).toContainEqual(expect.objectContaining({ case: ref }))
  return (await emitted(type)).find((one) => one['case'] === ref) ?? {}
}
const told = async (id: string): Promise<string[]> =>
  (await readLog(system)).filter(({ actor }) => actor === `acme/ticket/${id}`).map(({ record }) => record.input.type)

test('the tables know who is next of those who asked in vain, by priority and waiting time, without those that have ended', async () => {
  const asks = (id: string, lang = 'en') => publish(`ticket.${id}`, 'ticket.opened', { lang })
  for (const id of ['w1', 'w2', 'w3', 'w4']) await asks(id)
  await publish('ticket.w2', 'ticket.closed', {})
  const known = async (): Promise<string[]> => {
    const query = { tenant: 'acme', kind: 'desk', team: 'team', since: new Date(Date.now() - 90_000).toISOString() }
    const marks = findQuery(storedWith([['ticket', 'w3']]), new Date().toISOString()).without
    return (await askWaitingCases(system.running.jetstream.nc, { ...query, without: marks })).map(({ kind, id }) => `${kind}/${id}`)
  }
  await expect.poll(known, { timeout: 60_000 }).toEqual(['ticket/w1', 'ticket/w4'])
  await publish('ticket.w1', 'ticket.closed', {})
  await expect.poll(known, { timeout: 60_000 }).toEqual(['ticket/w4'])
  for (const id of ['w3', 'w4']) await publish(`ticket.${id}`, 'ticket.closed', {})
  await expect.poll(known, { timeout: 60_000 }).toEqual([])
}, 180_000)

test('cases go to people and come back, two who race for one get one answer each, and the tables and questions say so', async () => {
  await toDesk('team.set', { sla: { firstReply: '1s' } })
  for (const agent of ['Ann', '李娜']) await toDesk('agent.online', { agent, languages: ['zh', 'en'] })

  await publish('ticket.t1', 'ticket.opened', { lang: 'zh' })
  const offer = await until('case.offered', 'ticket/t1')
  expect(offer).toMatchObject({ agent: 'Ann', lang: 'zh', summary: '客户要退款' })
  await Promise.all(['李娜', 'Ann'].map((agent) => toDesk('case.accepted', { case: 'ticket/t1', agent })))
  const { agent: owner } = await until('case.assigned', 'ticket/t1')
  const { agent: other, why } = await until('case.refused', 'ticket/t1')
  expect([owner, other].toSorted()).toEqual(['Ann', '李娜'])
  expect(why).toBe('taken')
  expect(await until('case.overdue', 'ticket/t1')).toMatchObject({ clock: 'first_reply', team: 'team' })
  await publish('ticket.t1', 'ticket.answered', { agent: owner })
  await toDesk('case.returned', { case: 'ticket/t1', agent: owner, agreed: '退款 20 元' })
  await until('case.released', 'ticket/t1')

  await publish('ticket.t2', 'ticket.opened', { lang: 'en' })
  const { agent } = await until('case.offered', 'ticket/t2')
  await toDesk('case.declined', { case: 'ticket/t2', agent })
  await expect.poll(() => emitted('case.offered'), { timeout: 60_000 }).toHaveLength(3)
  const second = (await emitted('case.offered')).at(-1)?.['agent']
  expect(second).not.toBe(agent)
  await toDesk('case.accepted', { case: 'ticket/t2', agent: second })
  await until('case.assigned', 'ticket/t2')
  await publish('ticket.t2', 'ticket.closed', {})
  await until('case.released', 'ticket/t2')
  await expect.poll(() => told('t1'), { timeout: 60_000 }).toContain('case.released')
  expect((await told('t1')).toSorted()).toEqual(
    ['ticket.opened', 'case.queued', 'case.assigned', 'case.overdue', 'ticket.answered', 'case.released'].toSorted(),
  )
  expect(await told('t2')).not.toContain('case.released')

  // Nobody speaks the language: it is never offered, and misses two promises.
  await toDesk('team.set', { sla: { firstReply: '1s', resolution: '1s' } })
  await publish('ticket.t3', 'ticket.opened', { lang: 'fr' })
  await expect.poll(async () => (await told('t3')).filter((type) => type === 'case.overdue'), { timeout: 60_000 }).toHaveLength(2)

  await caughtUp(system)
  expect(await tablesBesideLog(system)).toEqual([])
  const assignments = await rows(
    system,
    `SELECT case_kind, case_actor, agent, outcome, isNotNull(offered_at) AS offered, isNotNull(accepted_at) AS accepted,
       handle_ms >= 0 AS handled FROM assignments WHERE tenant = 'acme' AND actor = 'team' ORDER BY began_at, last_seq`,
  )
  const isAnn = owner === 'Ann'
  expect(assignments.filter((row) => row['case_actor'] === 't1')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ case_kind: 'ticket', agent: owner, outcome: 'returned', accepted: 1, offered: isAnn ? 1 : 0, handled: 1 }),
    ]),
  )
  expect(assignments.filter((row) => row['case_actor'] === 't2')).toEqual([
    expect.objectContaining({ agent, outcome: 'declined', offered: 1, accepted: 0 }),
    expect.objectContaining({ agent: second, outcome: 'resolved', offered: 1, accepted: 1, handled: 1 }),
  ])
  const scope: Scope = { tenant: 'acme', from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 1_000) }
  const client = system.running.client ?? expect.unreachable('no tables')
  expect(await askQuestion(client, 'wait-for-a-person', scope)).toMatchObject([
    { total: true, team: null, cases: 3, assigned: 2, waiting: 1, offers: 3, max_ms: expect.any(Number) as number },
    { total: false, team: 'team', cases: 3, waiting: 1 },
  ])
  expect(await askQuestion(client, 'agents', scope)).toMatchObject([
    { total: true, accepted: 2, offers: 3, declined: 1, returned: 1, resolved: 1, open: 0 },
    expect.objectContaining({ total: false }),
    expect.objectContaining({ total: false }),
  ])
  const missed = new Set((await emitted('case.overdue')).map((data) => data['case'])).size
  expect(await askQuestion(client, 'sla', scope)).toMatchObject([
    { total: true, missed, cases: 3, share: missed / 3 },
    { total: false, team: 'team', promise: 'first_reply', missed, cases: 3 },
    { total: false, team: 'team', promise: 'resolution', missed: 1, nobody: 1, cases: 3 },
  ])
}, 180_000)
