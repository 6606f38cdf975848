import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from '../../../../actors/kinds/support/definition.ts'
import { createSupport, type SupportOptions } from '../../../../actors/kinds/support/kind.ts'
import { messageSent } from '../../../../schemas/events.ts'
import type { ModelEntry } from '../../../../schemas/models-file.ts'
import { taskGenerationAt } from '../../../support/generation-setup.ts'
import { completion, failure, type ModelEndpoint, stallsAfter, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { articles, supportHarnessWith } from '../../../support/support-harness.ts'

let endpoint: ModelEndpoint
beforeAll(async () => {
  endpoint = await startModelEndpoint()
})
afterAll(() => endpoint.stop())
beforeEach(() => {
  endpoint.asked.length = 0
})

const QUESTION = { en: 'How much is shipping to Germany?', zh: '寄到德国运费多少' } as const
/** Answers that no rule lets through: they have nothing to do with any passage. */
const UNFIT = { en: 'Our moon base ships in 412 days.', zh: '我们的月球基地将在四百一十二天后竣工。' } as const
const source = (lang: string) => ({ source: `shipping-europe-${lang}` })

const desk = (more: Parameters<typeof supportHarnessWith>[0] = {}, times: Partial<ModelEntry> = {}) => {
  const generation = taskGenerationAt({ name: 'tiny', tier: 'medium', baseUrl: endpoint.url, ...times })
  return supportHarnessWith({ quotationMin: 0, ...more }, { generation })
}
type Desk = ReturnType<typeof desk>
/** The output of the last task, as the record has it. */
const outputIn = (harness: Desk): Answer => harness.last.input.data?.['output'] as Answer

describe.each(['en', 'zh'] as const)('in %s', (lang) => {
  test("a model's answer that fails the gate is held back, and the passages are quoted", async () => {
    endpoint.react(completion(UNFIT[lang]))
    const harness = desk()
    const [sent] = await harness.ask(QUESTION[lang])
    expect(sent?.data).toMatchObject({
      model: 'extractive',
      sources: [source(lang)],
      quality: expect.any(Number) as number,
      evaluator: expect.stringMatching(/^rules@/) as string,
      scores: { relevance: expect.any(Number) as number },
      held: [
        {
          model: 'tiny',
          promptVersion: expect.stringMatching(/^answer@built-in-/) as string,
          overall: expect.any(Number) as number,
          reasons: expect.arrayContaining(['not_in_sources']) as string[],
        },
      ],
      tokensIn: 120,
      tokensOut: 9,
    })
    expect(JSON.stringify(sent)).not.toContain(UNFIT[lang])
    expect(messageSent.safeParse(sent?.data).success).toBe(true)
    expect(outputIn(harness).held).toMatchObject([{ text: UNFIT[lang] }])
    expect(harness.records).toHaveLength(3)
    expect(endpoint.asked).toHaveLength(1)
  })

  test('where the quotation fails as well, a person gets the case', async () => {
    endpoint.react(completion(UNFIT[lang]))
    const harness = desk({ quotationMin: 1 })
    const emitted = await harness.ask(QUESTION[lang], 'q-1')
    expect(emitted).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'q-1', lang, held: [{ model: 'tiny' }, { model: 'extractive' }] } },
      { type: 'escalated', data: { reason: 'low_quality' } },
    ])
    expect(emitted[0]?.data).not.toHaveProperty('quality')
    expect(harness.state).toBe('escalated.waiting')
  })

  test('without a model, a quotation that fails goes to a person, and any other states its quality', async () => {
    const strict = supportHarnessWith({ quotationMin: 1 })
    expect(await strict.ask(QUESTION[lang])).toMatchObject([
      { data: { held: [{ model: 'extractive' }] } },
      { data: { reason: 'low_quality' } },
    ])
    const [sent] = await supportHarnessWith({ quotationMin: 0 }).ask(QUESTION[lang])
    expect(sent?.data).toMatchObject({ sources: [source(lang)], quality: expect.any(Number) as number })
    expect(sent?.data).not.toHaveProperty('held')
  })

  test.each([
    ['model_refused', failure(401)],
    ['model_refused', failure(400)],
    ['model_empty', completion('')],
    ['model_filtered', completion('', 'content_filter')],
    ['model_timeout', stallsAfter('It')],
    ['model_timeout', () => undefined],
  ])('a model that ends with %s is asked once, and the passages are quoted', async (code, reaction) => {
    endpoint.react(reaction)
    const limits = code === 'model_timeout' ? { firstTokenMs: 500, stallMs: 500 } : {}
    const [sent] = await desk({}, limits).ask(QUESTION[lang])
    expect(sent?.data).toMatchObject({ model: 'extractive', sources: [source(lang)], held: [{ model: 'tiny', reasons: [code] }] })
    expect(endpoint.asked).toHaveLength(1)
  })
})

test.each([500, 429])('a model that answers %d fails the attempt, and the machine quotes after the last one', async (status) => {
  endpoint.react(failure(status, { 'retry-after': '0' }))
  const harness = desk()
  harness.user(QUESTION.en)
  await harness.work()
  await expect(harness.work()).rejects.toThrow(`${status}`)
  harness.fail()
  expect(harness.last).toMatchObject({ to: 'open.answering.quoting', started: [{ task: 'quote', input: { because: 'http_500' } }] })
  await harness.work()
  expect(harness.emitted).toMatchObject([{ data: { model: 'extractive', held: [{ reasons: ['http_500'] }], sources: [source('en')] } }])
})

test.each<[string, object]>([
  ['rewriteMs', { rewriteMs: -1 }],
  ['"model"', { model: { baseUrl: 'http://127.0.0.1:1/v1', model: 'tiny' } }],
])('a wrong option %s is refused', (name, options) => {
  const create = () => createSupport({ articles, ...(options as Partial<SupportOptions>) })
  expect(create).toThrow(expect.objectContaining({ code: 'bad_kind', message: expect.stringContaining(name) as string }))
})
