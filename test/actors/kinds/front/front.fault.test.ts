import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishAll, readLog, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
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

const CONVERSATIONS = 20
const TURNS = 6
const texts = ['How long does shipping take?', '我要退货', 'and to Norway?', '运费是多少', 'Can I pay by card?', '谢谢']

test('kill -9 of the worker in between loses and doubles no message and no reply, and keeps their order', async () => {
  const ids = new Map<string, string[]>()
  const messages = Array.from({ length: TURNS }, (_, turn) =>
    Array.from({ length: CONVERSATIONS }, (_unused, index) => {
      const [conversation, id] = [`c${index}`, `c${index}-${turn}`]
      ids.set(conversation, [...(ids.get(conversation) ?? []), id])
      const data = { role: 'user', text: texts[turn] ?? '' }
      return { subject: `in.acme.front.${conversation}`, body: { type: 'message.received', id, data } }
    }),
  ).flat()
  await publishAll(system, messages)
  for (const share of [0.5, 1.5]) {
    const worker = await workers.start()
    await expect
      .poll(async () => (await readLog(system)).length, { timeout: 60_000, interval: 100 })
      .toBeGreaterThan(share * messages.length)
    worker.signal('SIGKILL')
    await worker.ended
  }
  await workers.start()

  const of = async (kind: string) => (await readLog(system)).filter(({ actor }) => actor.startsWith(`acme/${kind}/`))
  /** Ids by conversation, in the order of the log. */
  const arrived = async (): Promise<Map<string, string[]>> => {
    const found = new Map<string, string[]>()
    for (const { actor, record } of await of('support')) {
      const conversation = actor.split('/')[2] ?? ''
      if (record.input.type !== 'message.received') continue
      found.set(conversation, [...(found.get(conversation) ?? []), record.input.causationid ?? ''])
    }
    return found
  }
  await expect.poll(async () => [...(await arrived()).values()].flat().length, { timeout: 90_000 }).toBeGreaterThanOrEqual(messages.length)
  expect(new Map([...(await arrived())].sort())).toEqual(new Map([...ids].sort()))

  const emitted = async (): Promise<string[]> =>
    (await of('support')).flatMap(({ actor, record }) =>
      record.emitted.filter(({ type }) => type === 'message.sent').map(({ id }) => `${actor.split('/')[2]} ${id}`),
    )
  const relayed = async (): Promise<string[]> =>
    (await of('front')).flatMap(({ actor, record }) =>
      record.emitted.filter(({ type }) => type === 'message.sent').map(() => `${actor.split('/')[2]} ${record.input.id}`),
    )
  const answered = async (): Promise<number> => (await of('support')).filter(({ record }) => record.started.length > 0).length
  await expect.poll(answered, { timeout: 60_000 }).toBeGreaterThan(0)
  const pending = async (): Promise<number> =>
    [...new Map((await readLog(system)).map((entry) => [entry.actor, entry.record])).values()].filter(
      ({ state }) => Object.keys(state?.tasks ?? {}).length > 0,
    ).length
  await expect.poll(pending, { timeout: 90_000 }).toBe(0)
  const byConversation = (all: readonly string[]): string[] =>
    [...all].sort((a, b) => (a.split(' ')[0] ?? '').localeCompare(b.split(' ')[0] ?? ''))
  await expect.poll(async () => (await relayed()).length, { timeout: 60_000 }).toBe((await emitted()).length)
  expect(byConversation(await relayed())).toEqual(byConversation(await emitted()))

  await expect
    .poll(() => rows(system, `SELECT kind, countIf(role = 'user') AS n FROM messages GROUP BY kind`), { timeout: 60_000 })
    .toEqual([{ kind: 'support', n: messages.length }])
  await expect.poll(() => tablesBesideLog(system), { timeout: 60_000 }).toEqual([])
}, 300_000)
