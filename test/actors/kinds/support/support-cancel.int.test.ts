import { afterAll, beforeAll, expect, test } from 'vitest'
import { completion, type ModelEndpoint, stallsAfter, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

let system: System
let endpoint: ModelEndpoint
beforeAll(async () => {
  endpoint = await startModelEndpoint()
  const model = { LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny', LLM_FIRST_TOKEN_MS: '60000', LLM_STALL_MS: '60000' }
  system = await startSystem({ settings: { ...model, REPLY_BUDGET_MS: '60000', QUALITY_MIN: '0', QUOTATION_MIN: '0' } })
})
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
})

const QUESTION = { en: 'How much is shipping to Germany?', zh: '寄到德国运费多少' } as const

async function recordsOf(conversation: string) {
  const entries = await readLog(system)
  return entries.filter(({ actor }) => actor === `acme/support/${conversation}`).map(({ record }) => record)
}
const send = (conversation: string, type: string, data: object, id?: string) =>
  publishAll(system, [{ subject: `in.acme.support.${conversation}`, body: { type, data, ...(id !== undefined && { id }) } }])

test.each(['en', 'zh'] as const)(
  'reply.cancel in %s closes the connection to the model, and the next question is answered',
  async (lang) => {
    const [asked, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    endpoint.react((response, request) => {
      response.once('close', closed.resolve)
      asked.resolve()
      return stallsAfter('It is')(response, request)
    })
    await send(lang, 'message.received', { role: 'user', text: QUESTION[lang] }, 'm-1')
    await asked.promise
    await send(lang, 'reply.cancel', { message: 'another' })
    await send(lang, 'reply.cancel', { message: 'm-1' })
    await closed.promise

    endpoint.react(completion('It is 4.90 euros [1].'))
    await send(lang, 'message.received', { role: 'user', text: QUESTION[lang] }, 'm-2')
    const replies = async () => (await recordsOf(lang)).flatMap(({ emitted }) => emitted.filter(({ type }) => type === 'message.sent'))
    await expect.poll(replies, { timeout: 30_000, interval: 100 }).toHaveLength(1)
    expect(await replies()).toMatchObject([{ data: { replyTo: 'm-2', model: 'tiny', tier: 'medium', tierReason: 'complexity' } }])

    const cancels = (await recordsOf(lang)).filter(({ input }) => input.type === 'reply.cancel')
    expect(cancels).toMatchObject([
      { outcome: 'committed', from: 'open.answering.composing', to: 'open.answering.composing', ended: [] },
      { outcome: 'committed', from: 'open.answering.composing', to: 'open.listening', ended: [{ task: 'answer', status: 'stopped' }] },
    ])
    await caughtUp(system)
    const turns = `SELECT tier, tier_reason, complexity > 0 AS is_scored FROM turns WHERE actor = '${lang}' ORDER BY turn`
    expect(await rows(system, turns)).toMatchObject([{ tier: null }, { tier: 'medium', tier_reason: 'complexity', is_scored: 1 }])
  },
)
