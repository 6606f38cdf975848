import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenantKind } from '../../../../actors/kinds/tenant/kind.ts'
import { createTranslation } from '../../../../actors/kinds/translation/translation-kind.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, readLog, replayDifferences, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const TIMEOUT_MS = 180_000
const KINDS = [createTranslation(), tenantKind]

let endpoint: ModelEndpoint
let system: System

beforeAll(async () => {
  endpoint = await startModelEndpoint()
  system = await startSystem({ kinds: KINDS, settings: { LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny' } })
}, TIMEOUT_MS)
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
})

/** What the model writes, and what it writes when it is told of a fault. */
const TRANSLATIONS: Readonly<Record<string, readonly string[]>> = {
  'Where is the returns desk?': ['退货柜台在哪里？', '退货处在哪里，小安？'],
  'Ask Ann at the returns desk': ['去退货处问安。\nTERM Ann = 安'],
  '安在退货处，订单4711': ['Ann is at the returns desk, 4711.'],
}

let sent = 0
const publish = (key: string, type: string, data: object, on = system) =>
  publishAll(on, [{ subject: `in.acme.${key}`, body: { type, id: `i-${++sent}`, source: 'test', data } }])
const join = async (id: string, on = system): Promise<void> => {
  await publish(`translation.${id}`, 'participant.joined', { participant: 'ann', lang: 'en' }, on)
  await publish(`translation.${id}`, 'participant.joined', { participant: '小李', lang: 'zh' }, on)
}
const say = (id: string, participant: string, text: string, on = system) =>
  publish(`translation.${id}`, 'message.received', { role: 'user', participant, text }, on)
async function translated(id: string, on = system): Promise<Readonly<Record<string, unknown>>[]> {
  await caughtUp(on)
  const entries = (await readLog(on)).filter(({ actor }) => actor === `acme/translation/${id}`)
  return entries.flatMap(({ record }) => record.emitted).map(({ data }) => data)
}

test(
  'both sides read each message in their language, with the terms of the tenant, which stay the same',
  async () => {
    endpoint.react((response, request) => {
      const asked = (endpoint.asked.at(-1)?.body.messages ?? []).map(({ content }) => content).join('\n')
      const message = /message>\n\| (.*)/.exec(asked)?.[1] ?? ''
      return completion(TRANSLATIONS[message]?.[asked.includes('term_missing') ? 1 : 0] ?? 'x')(response, request)
    })
    await publish('tenant.acme', 'tenant.set', { key: 'GLOSSARY', value: [{ en: 'returns desk', zh: '退货处' }] })
    await join('t1')
    await say('t1', 'ann', 'Where is the returns desk?')
    await say('t1', 'ann', 'Ask Ann at the returns desk')
    await say('t1', '小李', '安在退货处，订单4711')
    expect(await translated('t1')).toMatchObject([
      {
        from: 'en',
        to: 'zh',
        original: 'Where is the returns desk?',
        text: '退货处在哪里，小安？',
        made: 'model',
        quality: 1,
        reasons: [],
      },
      {
        text: '去退货处问安。',
        terms: [
          ['returns desk', '退货处'],
          ['Ann', '安'],
        ],
      },
      {
        from: 'zh',
        to: 'en',
        text: 'Ann is at the returns desk, 4711.',
        terms: [
          ['退货处', 'returns desk'],
          ['安', 'Ann'],
        ],
      },
    ])
    expect(await rows(system, `SELECT dimension, score, provenance, version FROM scores WHERE evaluator = 'translation'`)).toEqual(
      Array.from({ length: 3 }, () => ({ dimension: 'overall', score: 1, provenance: 'gate', version: '1' })),
    )
    expect(endpoint.asked.at(-1)?.body.messages.at(-1)?.content).toContain('退货处 = returns desk\n| 安 = Ann')
  },
  TIMEOUT_MS,
)

test(
  'terms of the glossary stay the same over six turns of both sides, although the model would change them',
  async () => {
    const said: readonly (readonly [participant: string, text: string, first: string, again: string])[] = [
      ['ann', 'The voucher is at the returns desk', '优惠券在退货柜台', '代金券在退货处'],
      ['小李', '退货处有代金券吗，王先生', 'Does the return counter have coupons', 'Does the returns desk have a voucher'],
      ['ann', 'The returns desk took the voucher', '退货处拿走了礼券', '退货处拿走了代金券'],
      ['小李', '请把代金券给退货处的人', 'Give the gift card to the desk', 'Give the voucher to the returns desk'],
      ['ann', 'No voucher without the returns desk', '没有退货柜台就没有券', '没有退货处就没有代金券'],
      ['小李', '代金券退货处都没有了', 'All of it is gone here', 'The voucher and the returns desk are gone'],
    ]
    const glossary = [
      { en: 'returns desk', zh: '退货处' },
      { en: 'voucher', zh: '代金券' },
    ]
    await publish('tenant.acme', 'tenant.set', { key: 'GLOSSARY', value: glossary })
    endpoint.react((response, request) => {
      const asked = (endpoint.asked.at(-1)?.body.messages ?? []).map(({ content }) => content).join('\n')
      const message = /message>\n\| (.*)/.exec(asked)?.[1] ?? ''
      const [, , first = 'x', again = 'x'] = said.find(([, text]) => text === message) ?? []
      return completion(asked.includes('term_missing') ? again : first)(response, request)
    })
    await join('t6')
    for (const [participant, text] of said) await say('t6', participant, text)
    expect(await translated('t6')).toMatchObject(
      said.map(([participant, original, , text]) => ({ participant, original, text, made: 'model', quality: 1 })),
    )
  },
  TIMEOUT_MS,
)

test(
  'a glossary of 10,000 terms, a third language and a stranger are refused with the field',
  async () => {
    const terms = Array.from({ length: 10_000 }, (_, at) => ({ en: `t${at}`, zh: `术${at}` }))
    await publish('tenant.acme', 'tenant.set', { key: 'GLOSSARY', value: terms.slice(0, 5_000) })
    await join('t2')
    await publish('translation.t2', 'participant.joined', { participant: 'max', lang: 'de' })
    await say('t2', 'eve', 'Hello')
    await caughtUp(system)
    const errors = (await readLog(system)).flatMap(({ record }) => (record.outcome === 'rejected' ? [record.error] : []))
    expect(errors.join('\n')).toMatch(/value of GLOSSARY.*300[\s\S]*lang: .*third[\s\S]*participant: "eve" has not joined/)
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

test(
  'without a model the originals are passed on, and said to be that',
  async () => {
    const plain = await startSystem({ kinds: KINDS })
    try {
      await join('t3', plain)
      await say('t3', '小李', '你好，退货处在哪里？', plain)
      expect(await translated('t3', plain)).toMatchObject([
        { text: '你好，退货处在哪里？', original: '你好，退货处在哪里？', made: 'none', problem: 'no_model', from: 'zh', to: 'en' },
      ])
    } finally {
      await plain.stop()
    }
  },
  TIMEOUT_MS,
)
