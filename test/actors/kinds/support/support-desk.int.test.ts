import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, type HttpClient } from '../../../support/http-requests.ts'
import { readSse } from '../../../support/sse-reader.ts'
import { rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

let system: System
let http: HttpClient
const url = (): string => system.running.http?.url ?? ''

beforeAll(async () => {
  system = await startSystem({ settings: { DESK_TEAM: 'support' } })
  http = clientOf(url())
}, 300_000)
afterAll(() => system.stop())

const tell = async (address: string, type: string, data: object, id?: string): Promise<void> => {
  const { status, body } = await http.post(`/v1/in/acme/${address}?wait=actor&timeoutMs=60000`, {
    type,
    data,
    ...(id !== undefined && { id }),
  })
  expect([status, body]).toMatchObject([200, {}])
}
const customer = (id: string, text: string, message?: string) =>
  tell(`support/${id}`, 'message.received', { role: 'user', text, customer: 'c-7' }, message)
const agentSays = (id: string, agent: string, text: string) => tell(`support/${id}`, 'message.received', { role: 'agent', agent, text })
const stateOf = async (id: string): Promise<unknown> => (await http.get(`/v1/actors/acme/support/${id}`)).body['state']
const isIn = (id: string, state: string) => expect.poll(() => stateOf(id), { timeout: 60_000, interval: 50 }).toBe(state)

test('a case goes to a person and back: two agents race, one has it, and the machine answers again with what was agreed', async () => {
  await tell('desk/support', 'team.set', { sla: { firstReply: '1h' } })
  for (const agent of ['Ann', '李敏']) await tell('desk/support', 'agent.online', { agent })
  const desk = await readSse(`${url()}/v1/out/acme/desk/support?after=0`)
  const talk = await readSse(`${url()}/v1/out/acme/support/c1?after=0`)
  await customer('c1', 'How much is shipping to Germany?')
  await customer('c1', '转人工')
  await expect.poll(() => desk.events.some(({ type }) => type === 'case.offered'), { timeout: 60_000 }).toBe(true)
  const offer = desk.events.find(({ type }) => type === 'case.offered')?.data['data']
  expect(offer).toMatchObject({ case: 'support/c1', reason: 'customer_asked', summary: expect.stringContaining('Germany') as string })
  await isIn('c1', 'escalated.queued')

  await Promise.all(['Ann', '李敏'].map((agent) => tell('desk/support', 'case.accepted', { case: 'support/c1', agent })))
  await isIn('c1', 'escalated.withAgent')
  await expect.poll(() => desk.events.filter(({ type }) => type === 'case.refused'), { timeout: 60_000 }).toHaveLength(1)
  const owner = String((desk.events.find(({ type }) => type === 'case.assigned')?.data['data'] as Record<string, unknown>)['agent'])
  const other = owner === 'Ann' ? '李敏' : 'Ann'
  expect(desk.events.find(({ type }) => type === 'case.refused')?.data['data']).toMatchObject({ agent: other, why: 'taken' })

  await tell('support/c1', 'note.added', { agent: owner, text: 'PRIVATE 客户是老板的朋友' })
  const typing = await http.post('/v1/typing/acme/support/c1', { who: owner, role: 'agent' })
  expect([typing.status, typing.body]).toMatchObject([202, { told: true }])
  await expect
    .poll(() => talk.events.find(({ type }) => type === 'typing')?.data, { timeout: 60_000 })
    .toMatchObject({ who: owner, role: 'agent' })
  await customer('c1', '有人吗？')
  await agentSays('c1', owner, '您好，运费可以退给您。')
  const before = talk.events.filter(({ type }) => type === 'message.sent').length
  await tell('desk/support', 'case.returned', { case: 'support/c1', agent: owner, agreed: '退还运费 12 欧元' })
  await isIn('c1', 'open.listening')
  await customer('c1', 'How much is shipping to Japan?', 'again')
  await expect.poll(() => talk.events.filter(({ type }) => type === 'message.sent').length, { timeout: 60_000 }).toBe(before + 1)
  const { body } = await http.get('/v1/actors/acme/support/c1')
  expect((body['context'] as { turns: unknown }).turns).toContainEqual({ role: 'agent', text: '退还运费 12 欧元' })
  // What customers and operators read of a conversation has no private note.
  expect(talk.text()).not.toContain('PRIVATE')
  expect(JSON.stringify(body)).not.toContain('PRIVATE')
  expect(talk.events.map(({ type }) => type)).not.toContain('note.added')

  await customer('c1', '转人工')
  await isIn('c1', 'escalated.queued')
  await tell('desk/support', 'case.accepted', { case: 'support/c1', agent: other })
  await isIn('c1', 'escalated.withAgent')
  await tell('support/c1', 'case.resolved', { by: other })
  await expect
    .poll(() => desk.events.filter(({ type }) => type === 'case.released').at(-1)?.data['data'], { timeout: 60_000 })
    .toMatchObject({ why: 'resolved', agent: other })
  desk.close()
  talk.close()

  const inTables = `SELECT agent, team, sla, human_first_at IS NOT NULL AS met,
      wait_for_human_ms = dateDiff('millisecond', escalated_at, human_first_at) AS waits
    FROM cases WHERE actor = 'c1'`
  await expect
    .poll(() => rows(system, inTables), { timeout: 60_000 })
    .toEqual([{ agent: other, team: 'support', sla: 'kept', met: 1, waits: 1 }])
  const note = "SELECT count() AS n FROM messages WHERE text LIKE '%PRIVATE%'"
  expect(await rows(system, note)).toEqual([{ n: 0 }])
  expect(await rows(system, "SELECT count() AS n FROM events WHERE type = 'note.added' AND data_raw LIKE '%PRIVATE%'")).toEqual([{ n: 1 }])
  const found = await http.get('/v1/search?tenant=acme&q=PRIVATE&mode=keyword&all=true')
  expect(JSON.stringify(found.body)).not.toContain('客户是老板的朋友')
  expect(await rows(system, 'SELECT count() AS n FROM dead_letters')).toEqual([{ n: 0 }])
  expect(await tablesBesideLog(system)).toEqual([])
}, 600_000)

test('outside office hours a customer is told once when somebody comes, leaves word, and is served when the office is open', async () => {
  await tell('desk/support', 'team.set', { timezone: 'Asia/Shanghai', holidays: [], hours: [{ days: [1], from: '09:00', to: '09:01' }] })
  const talk = await readSse(`${url()}/v1/out/acme/support/c2?after=0`)
  await customer('c2', '转人工')
  await isIn('c2', 'escalated.queued')
  await customer('c2', '我的订单没有到')
  const texts = () =>
    talk.events.filter(({ type }) => type === 'message.sent').map(({ data }) => String((data['data'] as { text: string }).text))
  await expect.poll(texts, { timeout: 60_000 }).toHaveLength(2)
  expect(texts()[1]).toMatch(/星期一）09:00（Asia\/Shanghai 时间）/)
  await tell('desk/support', 'team.set', {})
  await tell('desk/support', 'agent.online', { agent: 'Ann' })
  await tell('desk/support', 'case.accepted', { case: 'support/c2', agent: 'Ann' })
  await isIn('c2', 'escalated.withAgent')
  expect(texts()).toHaveLength(2)
  talk.close()
}, 600_000)
