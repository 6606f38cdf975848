import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AskedOfModel,
  completion,
  failure,
  type ModelEndpoint,
  type Reaction,
  startModelEndpoint,
} from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

let plain: System
let rewriting: System
let endpoint: ModelEndpoint
beforeAll(async () => {
  endpoint = await startModelEndpoint()
  plain = await startSystem()
  const model = { LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny', LLM_REWRITE_MS: '1000' }
  rewriting = await startSystem({ settings: { ...model, QUOTATION_MIN: '0', QUALITY_MIN: '0' } })
})
afterAll(async () => {
  await plain.stop()
  await rewriting.stop()
  await endpoint.stop()
})

async function recordsOf(system: System, conversation: string) {
  const entries = await readLog(system)
  return entries.filter(({ actor }) => actor === `acme/support/${conversation}`).map(({ record }) => record)
}
const repliesOf = async (system: System, conversation: string) =>
  (await recordsOf(system, conversation)).flatMap(({ emitted }) =>
    emitted.filter(({ type }) => type === 'message.sent').map(({ data }) => data),
  )

/** The replies to messages that are sent one after the other. */
async function talk(system: System, conversation: string, texts: readonly string[]) {
  for (const [index, text] of texts.entries()) {
    const body = { type: 'message.received', data: { role: 'user', text } }
    await publishAll(system, [{ subject: `in.acme.support.${conversation}`, body }])
    await expect.poll(() => repliesOf(system, conversation), { timeout: 30_000, interval: 200 }).toHaveLength(index + 1)
  }
  return repliesOf(system, conversation)
}

test.each([
  ['en', ['Where do I get a return label?', 'And what if I have no printer for it?'], 'returns-howto-en'],
  ['zh', ['怎么退货？', '那运费谁出呢？'], 'returns-howto-zh'],
] as const)('a follow-up in %s cites the right article; record, reply and table show what was looked up', async (lang, texts, source) => {
  const [first, second] = await talk(plain, `rules-${lang}`, texts)
  const lookups = [texts.join(' ')]
  expect(first).not.toHaveProperty('lookups')
  expect(second).toMatchObject({ lookups, sources: [{ source }] })
  const records = await recordsOf(plain, `rules-${lang}`)
  expect(records.some(({ input }) => JSON.stringify(input).includes(JSON.stringify(lookups)))).toBe(true)
  await caughtUp(plain)
  expect(await rows(plain, `SELECT turn, lookups FROM turns WHERE actor = 'rules-${lang}' ORDER BY turn`)).toEqual([
    { turn: 1, lookups: [] },
    { turn: 2, lookups },
  ])
})

const answering = completion('It is so [1].')
const isRewriting = (body: AskedOfModel['body'] | undefined): boolean =>
  body?.messages[0]?.content.startsWith('You prepare searches') === true
/** Reacts to requests for a rewriting; answers the others. */
const rewritingBy =
  (reaction: Reaction): Reaction =>
  (response, request) =>
    (isRewriting(endpoint.asked.at(-1)?.body) ? reaction : answering)(response, request)
const chat = (content: string): Reaction => completion(content, 'stop', { prompt_tokens: 40, completion_tokens: 8, total_tokens: 48 })

test('a model rewrites a follow-up; its questions are looked up, and its tokens count', async () => {
  endpoint.react(rewritingBy(chat('```json\n["How do I print a return label without a printer?"]\n```')))
  const [, second] = await talk(rewriting, 'rewritten', ['Where do I get a return label?', 'And what if I have no printer for it?'])
  expect(second).toMatchObject({
    lookups: ['How do I print a return label without a printer?'],
    sources: [{ source: 'returns-howto-en' }],
    tokensIn: 160,
    tokensOut: 17,
  })
})

test('an answer of a model says up to which question of a message it goes, and asks for the others again', async () => {
  endpoint.react(rewritingBy(failure(500)))
  const text = 'How do I return something? How long is the warranty? Can I pay with PayPal? Do you sell gift cards?'
  const [first] = await talk(rewriting, 'many', [text])
  expect(first).toMatchObject({ lookups: [expect.any(String), expect.any(String), expect.any(String)] })
  expect(first?.['text']).toMatch(/\nI looked up your message only up to "Can I pay with PayPal\?"\. Please ask the other questions again/)
})

const silent: ServerResponse[] = []
test.each<[string, Reaction]>([
  ['fails', failure(500)],
  ['is late', (response) => void silent.push(response)],
  ['writes no list', chat('I would rather answer that myself.')],
  ['writes a list of other things', chat('[1, {"a": 2}]')],
  ['writes a list without end', chat(`["${'How? '.repeat(5_000)}`)],
  ['invents', chat('["Which dragon guards the moon castle?"]')],
  ['writes four questions', chat('["return label?", "no printer?", "return label?", "no printer?"]')],
])('where a model %s, rules say what is asked for', async (name, reaction) => {
  endpoint.react(rewritingBy(reaction))
  const texts = ['Where do I get a return label?', 'And what if I have no printer for it?']
  const [, second] = await talk(rewriting, name.replaceAll(' ', '-'), texts)
  expect(second).toMatchObject({ lookups: [texts.join(' ')], sources: [{ source: 'returns-howto-en' }] })
})
