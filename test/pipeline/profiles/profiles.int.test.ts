import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChat } from '../../../actors/kinds/chat/kind.ts'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { createProfile } from '../../../actors/kinds/profile/profile-kind.ts'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'
import { copyKeys } from '../../../infra/backup/copy-keys.ts'
import { createCustomerKeys, KEYS_FOLDER } from '../../../pipeline/profiles/customer-keys.ts'
import { clientOf, type HttpClient } from '../../support/http-requests.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from '../../support/model-endpoint.ts'
import { caughtUp, publishAll, readLog, replayDifferences, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const TIMEOUT_MS = 240_000
/** Replies may take long on a busy machine; no test here is about time. */
const KINDS = [
  createChat(),
  createSupport({ articles: loadArticles(), replyBudgetMs: 120_000 }),
  createProfile(),
  createInterest(loadCatalogue()),
]
const ODD = '客户.*>/ 7'

let endpoint: ModelEndpoint
let system: System
let http: HttpClient

beforeAll(async () => {
  endpoint = await startModelEndpoint()
  endpoint.react(completion('You can return it within 30 days. [1]'))
  system = await startSystem({ kinds: KINDS, settings: { LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny' } })
  http = clientOf(system.running.http?.url ?? '')
}, TIMEOUT_MS)
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
})

let sent = 0
/** A message of a customer; the reply to it. */
async function says(customer: string, conversation: string, text: string, kind = 'support', tenant = 'acme'): Promise<string> {
  const id = `m-${++sent}`
  const body = { type: 'message.received', id, source: 'test', data: { role: 'user', text, customer } }
  await publishAll(system, [{ subject: `in.${tenant}.${kind}.${conversation}`, body }])
  await caughtUp(system)
  const replies = (await readLog(system)).flatMap(({ record }) => record.emitted).filter(({ data }) => data['replyTo'] === id)
  return String(replies[0]?.data['text'])
}

const pathOf = (customer: string, tenant = 'acme'): string => `/v1/customers/${tenant}/${encodeURIComponent(customer)}`
async function known(
  customer: string,
  tenant?: string,
): Promise<{ readonly id: string; readonly facts: Readonly<Record<string, unknown>>[] }> {
  const { body } = await http.get(pathOf(customer, tenant))
  return body['profile'] as Awaited<ReturnType<typeof known>>
}

test(
  'what a customer says in one conversation is known in all others, until he withdraws it',
  async () => {
    expect(await says('k-1', 'c1', 'Please call me Li, I am vegetarian.')).toBe("All right, Li, I'll remember that.")
    expect((await known('k-1')).facts).toMatchObject([
      { about: 'name', value: 'Li', said: { actor: 'support/c1', id: 'm-1' }, by: 'rules' },
      { about: 'diet', value: 'vegetarian' },
    ])
    expect(await says('k-1', 'c2', 'Hello')).toContain('Hello Li!')
    expect(await says('k-2', 'c3', 'Hello')).not.toContain('Li')
    expect(await says('k-1', 'c2', 'Please answer in Chinese')).toBe('好的，Li，我记住了。')
    expect(await says('k-1', 'c4', 'Hello')).toContain('Li，您好！')
    expect(await says('k-1', 'c4', "Don't call me that")).toBe('好的，我不再记着这一点。')
    expect(await says('k-1', 'c5', 'Hello')).toContain('您好！我是智能助手')
  },
  TIMEOUT_MS,
)

test(
  'a model is told what is known of the customer, and the answer is his own',
  async () => {
    await says('k-3', 'd1', '叫我小李，我吃素')
    await says('k-3', 'd2', 'How long do I have to return headphones?')
    const asked = endpoint.asked
      .map(({ body }) => body.messages.at(-1)?.content ?? '')
      .filter((content) => content.includes('return headphones'))
    expect(asked.at(-1)).toContain('Wants to be called: 小李\n| Diet: 吃素')
    const started = (await readLog(system)).flatMap(({ record }) => record.started).filter(({ task }) => task === 'answer')
    expect(started.at(-1)?.input).not.toHaveProperty('shareable')
  },
  TIMEOUT_MS,
)

test(
  'a chat knows the customer of other conversations, and tells his profile what he says; not that of another tenant',
  async () => {
    const customer = 'org/team 7/王'
    await says(customer, 'h1', '叫我老王')
    await says(customer, 'h1', '不要叫我老王，叫我李伟')
    await says(customer, 'h2', "I'm vegetarian. What shall I eat?", 'chat')
    const asked = endpoint.asked.map(({ body }) => body.messages.at(-1)?.content ?? '').find((content) => content.includes('shall I eat'))
    expect(asked).toContain('Wants to be called: 李伟')
    const facts = [
      { about: 'name', value: '李伟', said: { actor: 'support/h1' } },
      { about: 'diet', value: 'vegetarian', said: { actor: 'chat/h2' } },
    ]
    expect((await known(customer)).facts).toMatchObject(facts)
    await says(customer, 'h1', "I'm not vegetarian any more", 'chat', 'other')
    expect((await known(customer, 'other')).facts).toEqual([])
    expect((await known(customer)).facts).toMatchObject(facts)
    const { body } = await http.get(pathOf(customer))
    expect(body['conversations']).toMatchObject([
      { kind: 'chat', id: 'h2' },
      { kind: 'support', id: 'h1' },
    ])
  },
  TIMEOUT_MS,
)

test(
  'the route shows the profile and all conversations of a customer with any id, page by page',
  async () => {
    expect(await says(ODD, 'e1', '以后叫我老张就行')).toBe('好的，老张，我记住了。')
    await says(ODD, 'e2', '你好')
    await says(ODD, 'e3', '你好')
    const { status, body } = await http.get(`${pathOf(ODD)}?limit=2`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ tenant: 'acme', customer: ODD, conversations: [{ kind: 'support', id: 'e3' }, { id: 'e2' }] })
    const rest = await http.get(`${pathOf(ODD)}?before=${String(body['next'])}`)
    expect(rest.body).toMatchObject({ conversations: [{ id: 'e1', cases: 1, outcome: null }], next: null })
    expect((await http.get(pathOf('李'.repeat(256)))).body).toMatchObject({ profile: { facts: [] }, conversations: [] })
    expect((await http.get(pathOf('李'.repeat(257)))).status).toBe(400)
    expect((await http.get(`${pathOf('x')}?limit=0`)).body['detail']).toContain('limit')
    expect((await http.get('/v1/customers/a.b/x')).body['detail']).toContain('tenant')
  },
  TIMEOUT_MS,
)

test(
  'an erased profile is empty, also for processes that knew it',
  async () => {
    await says('k-5', 'f1', 'Call me Zoë')
    const { id } = await known('k-5')
    await publishAll(system, [{ subject: `in.acme.profile.${id}`, body: { type: 'profile.erased', id: 'erase-1', data: {} } }])
    await caughtUp(system)
    expect((await known('k-5')).facts).toEqual([])
    await expect.poll(async () => says('k-5', `f2-${sent}`, 'Hello'), { timeout: 60_000 }).not.toContain('Zoë')
  },
  TIMEOUT_MS,
)

test(
  'recommendations heed what the customer likes and refuses',
  async () => {
    await says('k-6', 'g1', 'I like speakers. I hate cleaning.')
    // The first index of a busy machine may come too late for the first question.
    const ask = async (): Promise<string[]> => {
      const id = `ask-${++sent}`
      const body = { type: 'recommendations.asked', id, data: { count: 20, customer: 'k-6' } }
      await publishAll(system, [{ subject: 'in.acme.interest.v1', body }])
      await caughtUp(system)
      const given = (await readLog(system)).flatMap(({ record }) => record.emitted).find(({ data }) => data['replyTo'] === id)
      return (given?.data['items'] as { readonly item: string }[]).map(({ item }) => item)
    }
    await expect.poll(ask, { timeout: 120_000 }).toContain('lark-mini')
    const items = await ask()
    expect(items.slice(0, 2).sort()).toEqual(['lark-max', 'lark-mini'])
    expect(items.slice(0, 5)).not.toContain('otter-s5')
  },
  TIMEOUT_MS,
)

test(
  'ids follow from a key that all processes share; another key is refused',
  async () => {
    const { settings, running } = system
    const folder = join(settings.DATA_DIR, KEYS_FOLDER)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, 'acme'))).mode & 0o777).toBe(0o600)
    const { id } = await known('k-1')
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    const of = (options: { readonly folder: string; readonly secret?: string }) => createCustomerKeys({ kv: running.kv, ...options })
    expect(await of({ folder }).idOf('acme', 'k-1')).toBe(id)
    const elsewhere = await temporaryFolder()
    await expect(of({ folder: join(elsewhere, KEYS_FOLDER) }).idOf('acme', 'k-1')).rejects.toMatchObject({ code: 'other_customer_key' })
    await copyKeys(settings.DATA_DIR, elsewhere)
    expect(await of({ folder: join(elsewhere, KEYS_FOLDER) }).idOf('acme', 'k-1')).toBe(id)

    const made = await Promise.all(Array.from({ length: 8 }, () => of({ folder }).idOf('other', 'k-1')))
    expect(new Set(made).size).toBe(1)
    expect(made[0]).not.toBe(id)
    const secret = 's'.repeat(32)
    const [one, two] = await Promise.all([
      of({ folder: '/nowhere', secret }).idOf('third', 7),
      of({ folder: '/elsewhere', secret }).idOf('third', '7'),
    ])
    expect(one).toBe(two)
  },
  TIMEOUT_MS,
)

test(
  'the tables equal the log, and a replay makes the same decisions',
  async () => {
    await caughtUp(system)
    expect(await tablesBesideLog(system)).toEqual([])
    expect(await replayDifferences(system, KINDS)).toEqual([])
  },
  TIMEOUT_MS,
)
