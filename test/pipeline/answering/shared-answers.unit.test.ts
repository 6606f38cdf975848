import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SharedAnswer, SharedQuestion } from '../../../actors/definition/task-answers.ts'
import { answerEntrySchema, normalisedQuestion } from '../../../pipeline/answering/answer-entry.ts'
import type { Basis } from '../../../pipeline/answering/basis.ts'
import { createShareAnswer, type KeptAnswer } from '../../../pipeline/answering/shared-answers.ts'
import { type Cache, createCache } from '../../../pipeline/cache/two-level-cache.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { silent } from '../../support/test-system.ts'

const BASIS: Basis = { knowledge: 10, prompt: 5, settings: 3, intents: 0, storedAt: 'then' }
const answerSchema = z.object({ text: z.string() })
type Question = SharedQuestion<typeof answerSchema>

const question: Question = {
  text: 'How much is shipping to Norway?',
  lang: 'en',
  act: 'new_topic',
  intents: ['shipping'],
  entities: [{ name: 'country', value: 'norway' }],
  understanding: 'main@3-abc acts@1 tenant@2',
  knowledgeSeq: 10,
  passages: [
    { id: 'a', text: 'To Norway: 9 euros.' },
    { id: 'b', text: 'To Sweden: 8 euros.' },
  ],
  prompt: { promptVersion: 'answer@1', template: 'Answer.', variables: {}, readFrom: { name: 'answer', promptSeq: 5, settingsSeq: 3 } },
  tier: 'medium',
  setUp: 'answer@1 0.5',
  schema: answerSchema,
}

/** Tasks of one process, and LOG, which a test changes. */
function answering() {
  const cache: Cache<KeptAnswer> = createCache<KeptAnswer>({
    cache: 'answers',
    version: 1,
    schema: answerEntrySchema,
    toJson: (entry) => entry,
    bytesOf: (entry) => JSON.stringify(entry).length,
    asksMin: { memory: 1, shared: 1 },
    eviction: 'lru',
    bytesMax: 1024 ** 2,
    metrics: createMetrics(),
  })
  const log: { basis: Basis | Error } = { basis: BASIS }
  const readBasis = (): Promise<Basis> => (log.basis instanceof Error ? Promise.reject(log.basis) : Promise.resolve(log.basis))
  const of = createShareAnswer({ cache, readBasis, log: silent })
  let made = 0
  type Make = () => Promise<{ text: string } | undefined>
  const ask = async (
    more: Partial<Question> = {},
    { make = () => Promise.resolve({ text: `answer ${made}` }), seq = 100, hasSeq = true, tenant = 'acme', kind = 'support' }: Asking = {},
  ): Promise<SharedAnswer<{ text: string }> | undefined> =>
    of({ actor: { tenant, kind, id: 'c1' }, seq: hasSeq ? seq : undefined })({ ...question, ...more }, () => {
      made += 1
      return make()
    })
  interface Asking {
    readonly make?: Make
    readonly seq?: number
    /** False: the task does not know the record that started it. */
    readonly hasSeq?: boolean
    readonly tenant?: string
    readonly kind?: string
  }
  return {
    cache,
    log,
    ask,
    get made() {
      return made
    },
  }
}

describe('an answer is given again', () => {
  test('to an equal question, with the record whose task made it', async () => {
    const tasks = answering()
    expect(await tasks.ask()).toBeUndefined()
    expect(await tasks.ask({ text: ' how MUCH is  shipping to Ｎorway ' }, { seq: 200 })).toEqual({
      answer: { text: 'answer 1' },
      cachedFrom: { seq: 100, level: 'memory', knowledgeSeq: 10 },
    })
    expect(tasks.made).toBe(1)
  })

  test.each([
    ['是吗？', '是吗'],
    ['  Straße  9？！ ', 'straße 9'],
    ['CAFE\u0301?', 'café'],
    ['運費多少', normalisedQuestion('运费多少')],
  ])('%j is the same question as %j', (text, normalised) => {
    expect(normalisedQuestion(text)).toBe(normalised)
  })

  test.each([
    ['Was kosten Kuchen?', 'Was kosten Küchen?'],
    ['Giá dừa bao nhiêu?', 'Giá dứa bao nhiêu?'],
    ['¿Cuántos años?', '¿Cuántos anos?'],
  ])('%j is another question than %j', (text, other) => {
    expect(normalisedQuestion(text)).not.toBe(normalisedQuestion(other))
  })

  test.each<[string, Partial<Question>, { tenant?: string; kind?: string }]>([
    ['another question', { text: 'How much is shipping to Sweden?' }, {}],
    ['another accent', { text: 'How much is shipping to Nörway?' }, {}],
    ['another language', { lang: 'zh' }, {}],
    ['another act', { act: 'confirm' }, {}],
    ['another intent', { intents: ['refund'] }, {}],
    ['another entity', { entities: [{ name: 'country', value: 'sweden' }] }, {}],
    ['another tier', { tier: 'large' }, {}],
    ['another least quality', { setUp: 'answer@1 0.8' }, {}],
    ['another version of the prompt', { prompt: { ...question.prompt, promptVersion: 'answer@2' } }, {}],
    ['another understanding', { understanding: 'main@4-def acts@1 tenant@2' }, {}],
    ['a passage more', { passages: [...question.passages, { id: 'c', text: 'New.' }] }, {}],
    ['a passage less', { passages: question.passages.slice(1) }, {}],
    ['another order of passages', { passages: question.passages.toReversed() }, {}],
    ['another text of a passage', { passages: question.passages.map(({ id }) => ({ id, text: 'To Norway: 10 euros.' })) }, {}],
    ['another tenant', {}, { tenant: 'other' }],
    ['another kind', {}, { kind: 'desk' }],
  ])('but not to %s', async (_, more, where) => {
    const tasks = answering()
    await tasks.ask()
    expect(await tasks.ask(more, where)).toBeUndefined()
    expect(tasks.made).toBe(2)
  })

  test.each(['knowledge', 'prompt', 'settings', 'intents'] as const)('but not after a record of its %s', async (what) => {
    const tasks = answering()
    await tasks.ask()
    tasks.log.basis = { ...BASIS, [what]: 150 }
    expect(await tasks.ask({}, { seq: 200 })).toBeUndefined()
    const read = { knowledgeSeq: what === 'knowledge' ? 150 : 10 }
    const readFrom = { name: 'answer', promptSeq: what === 'prompt' ? 150 : 5, settingsSeq: what === 'settings' ? 150 : 3 }
    const informed = { ...read, prompt: { ...question.prompt, readFrom } }
    // The first task that knows of the change makes another answer. A task reads no sequence of its intents.
    if (what !== 'intents') expect(await tasks.ask(informed, { seq: 300 })).toBeUndefined()
    expect(await tasks.ask(informed, { seq: 400 })).toMatchObject({ cachedFrom: { seq: what === 'intents' ? 200 : 300 } })
  })

  test('but not where LOG was truncated and gives the same sequence to another record', async () => {
    const tasks = answering()
    await tasks.ask()
    tasks.log.basis = { ...BASIS, storedAt: 'later' }
    expect(await tasks.ask()).toBeUndefined()
  })

  test('but not where LOG cannot be read', async () => {
    const tasks = answering()
    await tasks.ask()
    tasks.log.basis = new Error('no leader')
    expect(await tasks.ask()).toBeUndefined()
    expect(tasks.made).toBe(2)
  })

  test('but not where it does not fit the schema of the task', async () => {
    const tasks = answering()
    await tasks.ask()
    const of = createShareAnswer({ cache: tasks.cache, readBasis: () => Promise.resolve(BASIS), log: silent })
    let isMade = false
    const shared = await of({ actor: { tenant: 'acme', kind: 'support', id: 'c1' }, seq: 100 })(
      { ...question, schema: z.object({ text: z.string(), more: z.string() }) },
      async () => {
        isMade = true
        return undefined
      },
    )
    expect([shared, isMade]).toEqual([undefined, true])
  })
})

describe('an answer is not kept', () => {
  const notKept = async (more: Partial<Question>, asking: Parameters<ReturnType<typeof answering>['ask']>[1] = {}, basis = BASIS) => {
    const tasks = answering()
    tasks.log.basis = basis
    await tasks.ask(more, asking)
    tasks.log.basis = BASIS
    expect(await tasks.ask()).toBeUndefined()
    expect(tasks.made).toBe(2)
  }

  test('where nothing of it may be given to others', () => notKept({}, { make: () => Promise.resolve(undefined) }))
  test('where its task has read an older knowledge than LOG has', () => notKept({ knowledgeSeq: 9 }))
  test('where its task has read an older prompt', () =>
    notKept({ prompt: { ...question.prompt, readFrom: { name: 'answer', promptSeq: 4, settingsSeq: 3 } } }))
  test('where its task has read older settings', () =>
    notKept({ prompt: { ...question.prompt, readFrom: { name: 'answer', promptSeq: 5, settingsSeq: 2 } } }))
  test('where something changed after its task had started', () => notKept({}, { seq: 8 }))
  test('where the sequence of its task is not known', () => notKept({}, { hasSeq: false }))
  test('where the prompt says not what it was read from', () =>
    notKept({ prompt: { promptVersion: 'answer@1', template: '', variables: {} } }))
  test('where the question is long', () => notKept({ text: 'x'.repeat(1_025) }))
  test('where LOG changed while it was made', async () => {
    const tasks = answering()
    await tasks.ask(
      {},
      {
        make: async () => {
          tasks.log.basis = { ...BASIS, prompt: 99 }
          return { text: 'of the prompt before' }
        },
      },
    )
    tasks.log.basis = BASIS
    expect(await tasks.ask()).toBeUndefined()
  })
  test('where the tenant was dropped while it was made; that of another tenant is', async () => {
    const tasks = answering()
    const make = async () => {
      await tasks.cache.drop('acme')
      return { text: 'made' }
    }
    await tasks.ask({}, { make })
    await tasks.ask({}, { make, tenant: 'other' })
    expect(await tasks.ask()).toBeUndefined()
    expect(await tasks.ask({}, { tenant: 'other' })).toMatchObject({ answer: { text: 'made' } })
  })
})

describe('equal questions at one time', () => {
  test('are answered once', async () => {
    const tasks = answering()
    const { promise, resolve } = Promise.withResolvers<{ text: string }>()
    const all = Array.from({ length: 50 }, () => tasks.ask({}, { make: () => promise }))
    await nextTurn()
    resolve({ text: 'one' })
    const shared = (await Promise.all(all)).filter((one) => one !== undefined)
    expect(tasks.made).toBe(1)
    expect(shared).toHaveLength(49)
    expect(shared[0]).toEqual({ answer: { text: 'one' }, cachedFrom: { seq: 100, level: 'joined', knowledgeSeq: 10 } })
  })

  test('each make their own where the first one fails, or may share nothing', async () => {
    for (const first of [() => Promise.reject(new Error('cancelled')), () => Promise.resolve(undefined)]) {
      const tasks = answering()
      const leader = tasks.ask({}, { make: first })
      const others = Array.from({ length: 3 }, () => tasks.ask())
      const ends = await Promise.allSettled([leader, ...others])
      expect(ends.slice(1).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
      expect(tasks.made).toBe(4)
    }
  })

  test('do not get an answer to other passages than their own', async () => {
    const tasks = answering()
    const { promise, resolve } = Promise.withResolvers<{ text: string }>()
    const leader = tasks.ask({}, { make: () => promise })
    const other = tasks.ask({ passages: question.passages.slice(1) })
    await nextTurn()
    resolve({ text: 'one' })
    expect(await Promise.all([leader, other])).toEqual([undefined, undefined])
    expect(tasks.made).toBe(2)
  })
})
