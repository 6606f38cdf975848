import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { createWorkers } from '../../../support/workers.ts'

/** A worker as a process of its own, against the servers of a system that runs none of its stages. */
let system: System
const workers = createWorkers(() => system)

beforeAll(async () => {
  system = await startSystem({ settings: { ROLES: 'project,serve' } })
})
afterAll(async () => {
  await workers.kill()
  await system.stop()
})

const CASES = 40
const AGENTS = ['Ann', 'Bob', '李娜', '王伟']
const DESK = 'in.acme.desk.team'

interface Emitted {
  readonly type: string
  readonly data: Record<string, unknown>
}
const emitted = async (): Promise<Emitted[]> =>
  (await readLog(system)).filter(({ actor }) => actor === 'acme/desk/team').flatMap(({ record }) => record.emitted)
const casesOf = (events: readonly Emitted[], wanted: string): string[] =>
  events.filter(({ type }) => type === wanted).map(({ data }) => String(data['case']))

/** Agents take what is offered to them. */
let answered = 0
async function answer(): Promise<void> {
  const offers = (await emitted()).filter(({ type }) => type === 'case.offered')
  await publishAll(
    system,
    offers
      .slice(answered)
      .map(({ data: { case: ref, agent } }, index) => ({
        subject: DESK,
        body: { type: 'case.accepted', id: `accepts-${answered + index}`, data: { case: ref, agent } },
      })),
  )
  answered = offers.length
}

test('kill -9 of the worker in between leaves each case with one owner, and tells each missed promise once', async () => {
  await publishAll(system, [{ subject: DESK, body: { type: 'team.set', data: { sla: { firstReply: '2s' }, awayAfter: '1d' } } }])
  await publishAll(
    system,
    AGENTS.map((agent) => ({ subject: DESK, body: { type: 'agent.online', id: agent, data: { agent, capacity: 20 } } })),
  )
  const waiting = Array.from({ length: CASES }, (_, index) => ({
    // As an actor does.
    subject: 'act.acme.desk.team',
    body: {
      type: 'case.waiting',
      id: 'waits',
      source: `colloquy/acme/reminder/c${index}`,
      data: { reason: 'x', since: new Date().toISOString() },
    },
  }))
  const { nc } = system.running.jetstream
  for (const { subject, body } of waiting) await nc.request(subject, JSON.stringify(body))
  const assigned = async (): Promise<number> => {
    await answer()
    return casesOf(await emitted(), 'case.assigned').length
  }
  for (const least of [1, CASES / 2]) {
    const worker = await workers.start()
    await expect.poll(assigned, { timeout: 120_000, interval: 100 }).toBeGreaterThanOrEqual(least)
    worker.signal('SIGKILL')
    await worker.ended
  }
  await workers.start()
  await expect.poll(assigned, { timeout: 120_000, interval: 100 }).toBeGreaterThanOrEqual(CASES)
  await expect.poll(async () => new Set(casesOf(await emitted(), 'case.overdue')).size, { timeout: 120_000 }).toBe(CASES)

  const all = waiting.map((_, index) => `reminder/c${index}`).toSorted()
  const events = await emitted()
  expect(casesOf(events, 'case.assigned').toSorted()).toEqual(all)
  expect(casesOf(events, 'case.overdue').toSorted()).toEqual(all)
  expect(casesOf(events, 'case.released')).toEqual([])
  // What the desk told its cases came to each once.
  const told = async (): Promise<string[]> =>
    (await readLog(system))
      .filter(({ actor, record }) => actor.startsWith('acme/reminder/') && record.input.type === 'case.assigned')
      .map(({ actor }) => actor.replace('acme/', ''))
  await expect.poll(async () => (await told()).toSorted(), { timeout: 120_000 }).toEqual(all)
}, 600_000)
