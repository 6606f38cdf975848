import pino from 'pino'
import { describe, expect, test } from 'vitest'
import { composeAnswer, type Composed } from '../../../../actors/kinds/support/compose.ts'
import type { AnswerInput } from '../../../../actors/kinds/support/definition.ts'
import type { Hit } from '../../../../actors/kinds/support/found.ts'
import { ANSWER_PROMPT, ANSWER_PROMPTS, NO_ANSWER } from '../../../../actors/prompting/built-in-prompts.ts'
import { DATA_LINE } from '../../../../actors/prompting/fence.ts'
import { generates, type ModelStub } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'
import type { StreamMode } from '../../../../schemas/stream-mode.ts'
import { supportHarnessWith } from '../../../support/support-harness.ts'

const hits: Hit[] = [
  { source: 'shipping-europe-en', title: 'Shipping', text: 'It takes 2 to 4 days.', lang: 'en', score: 0.8 },
  { source: 'shipping-abroad-en', title: 'Abroad', text: 'It takes 7 to 12 days.', lang: 'en', score: 0.4 },
]
const input: AnswerInput = {
  text: 'How long does it take?',
  about: null,
  topic: 'shipping',
  lang: 'en',
  hits,
  turns: [
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: 'Hello!' },
    { role: 'agent', text: 'Ann here.' },
    { role: 'system', text: 'joined' },
  ],
}
const UNFIT = 'Our moon base ships in 412 days.'

interface Asking {
  readonly min?: number
  readonly question?: Partial<AnswerInput>
  readonly company?: string
  readonly mode?: StreamMode
}

/** Composes an answer with models that say this. */
async function compose(answers: readonly ModelStub[], { min = 0, question = {}, company = '', mode = 'sentence' }: Asking = {}) {
  const generation = generates(...answers)
  const live = recordsLive(mode)
  const prompt = await builtInPrompts({ COMPANY: company }).promptFor(ANSWER_PROMPT, {
    builtIn: ANSWER_PROMPTS,
    lang: question.lang ?? input.lang,
  })
  const composed: Composed = await composeAnswer(
    {
      input: { ...input, ...question },
      evaluate: evaluateByRules,
      generate: generation.generate,
      live,
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
    },
    prompt,
    min,
  )
  return { composed, asked: generation.asked, live }
}
const written = ({ composed }: { readonly composed: Composed }) => {
  if (composed.kind === 'none') throw new Error(`no answer: ${JSON.stringify(composed)}`)
  return composed.answer
}

describe('the models', () => {
  test('get the prompt of the tenant, the passages and messages as data, and the turns before', async () => {
    const { asked } = await compose(['It takes 2 to 4 days [1].'], {
      company: 'Acme mends bicycles.',
      question: { earlier: ['I live in Oslo.'] },
    })
    const [query] = asked
    expect(query?.tier).toBe('auto')
    expect(query?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'assistant', 'user'])
    expect(query?.messages[0]?.content).toContain('Acme mends bicycles.')
    const last = query?.messages.at(-1)?.content ?? ''
    for (const text of ['It takes 7 to 12 days.', 'I live in Oslo.', 'How long does it take?'])
      expect(last).toContain(`${DATA_LINE}${text}`)
  })

  test.each<[string, Partial<AnswerInput>, boolean]>([
    ['stands alone', {}, false],
    ['takes up the one before', { about: 'What does shipping cost?' }, true],
    ['was rewritten', { lookups: ['How long does shipping take?'] }, true],
    ['has several questions', { lookups: ['How long does it take?', 'What does it cost?'] }, false],
  ])('are chosen by the message, not by what the prompt puts around it: one that %s', async (_, question, needsHistory) => {
    const { asked } = await compose(['It takes 2 to 4 days [1].'], { question })
    expect(asked[0]?.hints).toEqual({ text: input.text, needsHistory, passageScores: [0.8, 0.4] })
  })

  test('answer with the passages that they cite, their costs, and why they were chosen', async () => {
    expect(written(await compose(['It takes 2 to 4 days [1].']))).toMatchObject({
      text: 'It takes 2 to 4 days.',
      sources: [{ source: 'shipping-europe-en', score: 0.8 }],
      model: 'stub',
      promptVersion: expect.stringMatching(/^answer@built-in-/) as string,
      tier: 'medium',
      tierReason: 'given',
      tokensIn: 0,
      tokensOut: 0,
      quality: expect.any(Number) as number,
      evaluator: expect.stringMatching(/^rules@/) as string,
    })
  })

  test('that cite no passage are taken to rest on all of them', async () => {
    expect(written(await compose(['2 to 4 days'])).sources.map(({ source }) => source)).toEqual([
      'shipping-europe-en',
      'shipping-abroad-en',
    ])
  })

  test.each([NO_ANSWER, `I think it is ${NO_ANSWER}.`, '[1]'])('that write %s give no answer, and it is not evaluated', async (text) => {
    const answer = written(await compose([text], { min: 1 }))
    expect(answer).toMatchObject({ text: null, sources: [], model: 'stub', tier: 'medium' })
    expect(answer).not.toHaveProperty('quality')
  })

  test('whose answer is too long is cut at the end of a sentence, or with an ellipsis', async () => {
    const { text } = written(await compose(['This is a sentence. '.repeat(1000)]))
    expect(text?.length).toBeLessThanOrEqual(2000)
    expect(text).toMatch(/sentence\.$/)
    expect(written(await compose(['字'.repeat(5000)])).text).toMatch(/^字{1999}…$/)
  })
})

describe('an answer that the gate does not pass', () => {
  test('makes the next model be asked, and stays in the record with its prompt', async () => {
    const answer = written(await compose([UNFIT, 'It takes 2 to 4 days [1].'], { min: 0.5 }))
    expect(answer).toMatchObject({
      text: 'It takes 2 to 4 days.',
      tierReason: 'fallback',
      held: [
        {
          model: 'stub',
          text: UNFIT,
          overall: expect.any(Number) as number,
          promptVersion: expect.stringMatching(/^answer@built-in-/) as string,
        },
      ],
    })
  })

  test('is held back where no other model answers, whatever the last one failed with', async () => {
    for (const code of ['model_unaccepted', 'model_unavailable']) {
      const { composed } = await compose([UNFIT, fails(code)], { min: 0.5 })
      expect(composed).toMatchObject({ kind: 'none', held: [{ model: 'stub', text: UNFIT }], costs: { tokensIn: 0 } })
    }
  })

  test('leads to no hand-over where the next model says that the passages do not answer', async () => {
    const harness = supportHarnessWith({ qualityMin: 0.5 }, { generation: generates(UNFIT, NO_ANSWER) })
    await harness.ask('How much is shipping to Germany?')
    expect(harness.state).toBe('open.listening')
    expect(harness.emitted).toMatchObject([{ type: 'message.sent', data: { held: [{ model: 'stub' }] } }])
  })
})

describe('a failure', () => {
  test.each(['model_budget', 'no_model', 'model_context', 'model_timeout'])(
    'that stays, %s, is told, and the passages are quoted',
    async (code) => {
      expect((await compose([fails(code)])).composed).toMatchObject({ kind: 'none', held: [{ reasons: [code] }] })
      const harness = supportHarnessWith({ quotationMin: 0 }, { generation: generates(fails(code)) })
      const [sent] = await harness.ask('How much is shipping to Germany?')
      expect(sent?.data).toMatchObject({ model: 'extractive', sources: [{ source: 'shipping-europe-en' }], held: [{ reasons: [code] }] })
    },
  )

  test.each(['model_unavailable', 'model_busy'])('that may pass, %s, fails the attempt', async (code) => {
    await expect(compose([fails(code)])).rejects.toMatchObject({ code })
  })
})

test.each(['en', 'zh'] as const)('a case in %s has a reply with the facts of its model', async (lang) => {
  const text = { en: 'How much is shipping to Germany?', zh: '寄到德国运费多少' }[lang]
  const answer = { en: 'Shipping to Germany is 4.90 euros. [1]', zh: '寄到德国运费 4.90 欧元。[1]' }[lang]
  const harness = supportHarnessWith({ qualityMin: 0 }, { generation: generates(answer) })
  expect(await harness.ask(text, 'm-1')).toMatchObject([
    {
      type: 'message.sent',
      data: {
        replyTo: 'm-1',
        lang,
        text: answer.replace(/ ?\[1\]/, ''),
        model: 'stub',
        tier: 'medium',
        tierReason: 'given',
        hits: 3,
        kbVersion: expect.any(String) as string,
        promptVersion: expect.stringMatching(/^answer@built-in-/) as string,
        sources: [{ source: `shipping-europe-${lang}` }],
      },
    },
  ])
})

test('a missing answer has its costs, too', async () => {
  const harness = supportHarnessWith({}, { generation: generates(NO_ANSWER) })
  const emitted = await harness.ask('How much is shipping to Germany?', 'm-1')
  expect(emitted).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-1', hits: 3, model: 'stub', tier: 'medium', tokensIn: 0 } }])
  expect(emitted[0]?.data['sources']).toBeUndefined()
})

describe('while a model writes', () => {
  const GOOD = 'It takes 2 to 4 days [1]. Shipping abroad takes 7 to 12 days [2].'
  const sent = 'It takes 2 to 4 days. Shipping abroad takes 7 to 12 days.'

  test('people see sentences that would pass as an answer, and at the end the answer', async () => {
    const { composed, live } = await compose([GOOD], { min: 0.5 })
    expect(written({ composed }).text).toBe(sent)
    expect(live.text).toBe(sent)
    expect(live.told.some((told) => 'reset' in told)).toBe(false)
  })

  test('an answer that is held back is never shown by sentences, and taken back by tokens', async () => {
    const answers = [`${UNFIT} ${UNFIT}`, GOOD]
    const bySentence = await compose(answers, { min: 0.5 })
    expect(bySentence.live.told.some((told) => 'delta' in told && told.delta.includes('moon'))).toBe(false)
    expect(bySentence.live.text).toBe(sent)
    const byToken = await compose(answers, { min: 0.5, mode: 'token' })
    expect(byToken.live.told).toContainEqual({ reset: expect.any(String) as string })
    expect(byToken.live.text).toBe(sent)
    expect((await compose(answers, { min: 0.5, mode: 'off' })).live.told).toEqual([])
  })

  test.each(['sentence', 'token'] as const)('%s: where nothing can be sent of it, nothing stays', async (mode) => {
    expect((await compose([`${UNFIT} ${UNFIT}`], { min: 0.5, mode })).live.text).toBe('')
    expect((await compose([NO_ANSWER], { min: 0.5, mode })).live.text).toBe('')
  })
})
