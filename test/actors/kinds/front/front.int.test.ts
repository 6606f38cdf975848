import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFront } from '../../../../actors/kinds/front/kind.ts'
import { intentKind } from '../../../../actors/kinds/intents/intent-kind.ts'
import { intentsKind } from '../../../../actors/kinds/intents/intents-kind.ts'
import { sourceKind } from '../../../../actors/kinds/source/kind.ts'
import { createSupport } from '../../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../../actors/kinds/support/knowledge.ts'
import { tenantKind } from '../../../../actors/kinds/tenant/kind.ts'
import { teachIntents } from '../../../../pipeline/ingest/intents/intents-client.ts'
import { createSender } from '../../../../pipeline/producer/input-sender.ts'
import { understandRemotely } from '../../../../pipeline/understanding/understand-client.ts'
import { createCounterKind } from '../../../support/desk-kind.ts'
import { clientOf } from '../../../support/http-requests.ts'
import { cliJson, runCli } from '../../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

const SALES = {
  en: [
    'I want to buy a lamp',
    'How do I order this lamp?',
    'Can I buy two of them?',
    'I would like to purchase a desk',
    'Place an order for me',
  ],
  zh: ['我想买一盏灯', '怎么下单买这个', '我要购买一张桌子', '可以买两个吗', '帮我下单'],
}
const RETURNS = {
  en: [
    'I want to return it',
    'Send it back and refund me',
    'How do returns work?',
    'My parcel came broken, refund please',
    'Return label, please',
  ],
  zh: ['我要退货', '怎么退款', '收到的东西坏了要退', '退货地址是什么', '可以退吗'],
}
const all = (texts: typeof SALES): Set<string> => new Set([...texts.en, ...texts.zh])

let system: System
let dataDir: string

interface Emitted {
  readonly id: string
  readonly causationid: string
  readonly data: Readonly<Record<string, unknown>>
}
const events: (Emitted & { readonly subject: string })[] = []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const always = [sourceKind, tenantKind, intentsKind, intentKind]
  const kinds = [createFront(), createCounterKind('sales'), createSupport({ articles: loadArticles() }), ...always]
  system = await startSystem({ dataDir, kinds })
  system.producer.subscribe('out.acme.*.*.>', {
    callback: (_, out) => {
      events.push({ subject: out.subject, ...out.json<Emitted>() })
    },
  })
  const sender = createSender(system.running.jetstream.nc)
  const wanted = new Map([
    ['buy', all(SALES)],
    ['returns', all(RETURNS)],
  ])
  await teachIntents({ jetstream: system.running.jetstream, sender }, { tenant: 'acme', set: 'main' }, wanted)
  await sender.close()
  await cliJson(['intents', 'describe', 'buy', '--route', 'sales', '--tenant', 'acme'], { dataDir })
})
afterAll(() => system.stop())

const understands = (text: string, route: string | null): Promise<void> =>
  expect
    .poll(() => understandRemotely({ url: system.running.http?.url ?? '' }, { tenant: 'acme', text }).catch(() => undefined), {
      timeout: 60_000,
    })
    .toMatchObject({ intents: [{}], route })

const message = (id: string, conversation: string, text: string) => ({
  subject: `in.acme.front.${conversation}`,
  body: { type: 'message.received', id, data: { role: 'user', text, customer: conversation } },
})
const repliesAt = (kind: string, conversation: string) =>
  events.filter(({ subject }) => subject === `out.acme.${kind}.${conversation}.message.sent`).map(({ data }) => data)

test('messages through the front arrive at the kinds of their routes, and replies under both addresses', async () => {
  await understands('我想买一盏灯', 'sales')
  await publishAll(system, [
    message('b1', 'en-1', 'I want to buy a lamp'),
    message('b2', 'en-1', 'and a second one'),
    message('r1', 'en-2', 'I want to return it'),
    message('b3', 'zh-1', '我想买一盏灯'),
    message('r2', 'zh-2', '我要退货'),
  ])
  await caughtUp(system)
  const inputs = (await readLog(system)).filter(({ record: { input } }) => input.type === 'message.received')
  const arrived = inputs.flatMap(({ actor, record: { input } }) =>
    input.causationid === undefined ? [] : [`${actor} ${input.causationid}`],
  )
  expect(arrived.sort()).toEqual(
    ['acme/sales/en-1 b1', 'acme/sales/en-1 b2', 'acme/sales/zh-1 b3', 'acme/support/en-2 r1', 'acme/support/zh-2 r2'].sort(),
  )
  await expect.poll(() => repliesAt('front', 'en-1').length).toBe(2)
  expect(repliesAt('front', 'en-1')).toEqual([
    { text: 'sales: I want to buy a lamp', replyTo: 'b1' },
    { text: 'sales: and a second one', replyTo: 'b2' },
  ])
  expect(repliesAt('sales', 'en-1').map(({ text }) => text)).toEqual(repliesAt('front', 'en-1').map(({ text }) => text))
  for (const [conversation, replyTo] of [
    ['en-2', 'r1'],
    ['zh-2', 'r2'],
  ] as const) {
    await expect.poll(() => repliesAt('front', conversation)).toMatchObject([{ replyTo }])
    expect(repliesAt('support', conversation)).toMatchObject([{ text: repliesAt('front', conversation)[0]?.['text'] }])
  }
  const [sales] = events.filter(({ subject }) => subject.startsWith('out.acme.sales.en-1.message'))
  const [reply] = events.filter(({ subject }) => subject === 'out.acme.front.en-1.message.sent')
  expect(reply?.causationid).toBe(sales?.id)
})

test('the tables count each message once, at its target, and verify agrees', async () => {
  await caughtUp(system)
  const countOf = (table: string) =>
    rows<{ kind: string; n: number }>(system, `SELECT kind, count() AS n FROM ${table} WHERE tenant = 'acme' GROUP BY kind ORDER BY kind`)
  expect(await countOf('messages')).toEqual([
    { kind: 'sales', n: 6 },
    { kind: 'support', n: 4 },
  ])
  for (const [table, sales] of [
    ['conversations', 2],
    ['cases', 2],
    ['turns', 3],
  ] as const) {
    expect(await countOf(table)).toEqual([
      { kind: 'sales', n: sales },
      { kind: 'support', n: 2 },
    ])
  }
  for (const table of ['tasks', 'state_intervals', 'dead_letters', 'citations']) {
    expect((await countOf(table)).map(({ kind }) => kind)).not.toContain('front')
  }
  for (const table of ['events', 'actors']) expect((await countOf(table)).map(({ kind }) => kind)).toContain('front')
  expect(await rows(system, `SELECT actor, label.target AS target FROM actors WHERE kind = 'front' ORDER BY actor`)).toEqual([
    { actor: 'en-1', target: 'sales' },
    { actor: 'en-2', target: 'support' },
    { actor: 'zh-1', target: 'sales' },
    { actor: 'zh-2', target: 'support' },
  ])
  expect(await tablesBesideLog(system)).toEqual([])
})

test('a chat without a kind goes through the front, and has the reply of the target', async () => {
  const { post } = clientOf(system.running.http?.url ?? '')
  const { status, body } = await post('/v1/chat/acme/chat-1?timeoutMs=60000', { id: 'c1', text: '我想买一盏灯' })
  expect([status, body]).toMatchObject([
    200,
    { conversation: { kind: 'front' }, reply: { role: 'assistant', text: 'sales: 我想买一盏灯', replyTo: 'c1' } },
  ])
  const messages = [
    { role: 'user', content: '我想买一盏灯' },
    { role: 'assistant', content: 'sales: 我想买一盏灯' },
    { role: 'user', content: 'and a second one' },
  ]
  const completion = await post('/v1/chat/completions', { model: 'acme/front', user: 'chat-1', messages })
  expect(completion.body['choices']).toMatchObject([{ message: { content: 'sales: and a second one' } }])
})

test('a closed case frees the conversation, and a route that is taken away is not used any more', async () => {
  await publishAll(system, [message('b4', 'en-1', 'bye')])
  await expect.poll(() => events.some(({ subject }) => subject === 'out.acme.front.en-1.case.closed')).toBe(true)
  const log = await readLog(system)
  expect(log.findLast(({ actor }) => actor === 'acme/front/en-1')?.record.label).toMatchObject({ target: null, passed: 3 })

  expect((await runCli(['intents', 'describe', 'buy', '--route', '', '--tenant', 'acme'], { dataDir })).code).toBe(0)
  await understands('我想买一盏灯', null)
  // The runner of tasks loads the set when a message needs it, and decides that message by the version before.
  const kindOf = async (id: string, conversation: string): Promise<string | undefined> => {
    await publishAll(system, [message(id, conversation, 'I want to buy a lamp')])
    await caughtUp(system)
    const arrived = (await readLog(system)).find(({ record: { input } }) => input.type === 'message.received' && input.causationid === id)
    return arrived?.actor
  }
  let tries = 0
  await expect
    .poll(() => {
      tries += 1
      return kindOf(`n${tries}`, `new-${tries}`).then((actor) => actor?.split('/')[1])
    })
    .toBe('support')
  expect(await kindOf('b5', 'en-1')).toBe('acme/support/en-1')
  expect(await tablesBesideLog(system)).toEqual([])
})
