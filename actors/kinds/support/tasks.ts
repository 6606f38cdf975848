import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../../schemas/errors.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import {
  type Answer,
  type AnswerInput,
  answerInput,
  answerOutput,
  type AnswerTask,
  type Held,
  lookupInput,
  lookupOutput,
  type LookupTask,
  type Query,
  quoteInput,
  type QuoteTask,
} from './definition.ts'
import { createExtract } from './extract.ts'
import { isContinuing, isFollowUp, namesNothing } from './follow-up.ts'
import { passGate, quotationThroughGate } from './gate.ts'
import { type Article, versionOf } from './knowledge.ts'
import type { Minimums } from './minimums.ts'
import { createModelAnswer } from './model.ts'
import { finalCodeOf } from './model-errors.ts'
import type { ModelOptions } from './model-options.ts'
import { moveOf } from './moves.ts'
import { PROMPT_VERSION } from './prompt.ts'
import { recallConversation, recallKnowledge } from './recall.ts'
import { createSearch } from './search.ts'
import { recordedForm, type UnderstoodMessage } from './understood.ts'

/** Deadlines include the wait in the queue. Under load, a late answer is better than an apology. */
const DEADLINE_MS = 60_000
const MODEL_DEADLINE_MS = 120_000

/** Earlier messages improve an answer, but are not worth a long wait. */
const EARLIER_MS_MAX = 3_000
/** A search index that is down may be back within seconds. */
const LOOKUP_ATTEMPTS_MAX = 6

/** A quotation in place of a late answer takes some milliseconds; the reply budget ends before this. */
const QUOTE_DEADLINE_MS = 10_000

/**
 * The task `lookup`: understands a message and, where it asks something, searches the tenant's knowledge or, for a tenant that never
 * uploaded any, the articles. For a model, and for a question that refers to earlier messages, it also searches the conversation.
 */
export function lookupTask(articles: readonly Article[], hasModel: boolean): LookupTask {
  const searchArticles = createSearch(articles)
  const articlesVersion = versionOf(articles)
  return defineTask({
    input: lookupInput,
    output: lookupOutput,
    deadlineMs: DEADLINE_MS,
    attemptsMax: LOOKUP_ATTEMPTS_MAX,
    concurrencyMax: 64,
    run: async ({ input, searchIndex, understand, log }) => {
      const { text, turns, lang } = input
      const understood = recordedForm(await understand({ text, history: turns }))
      if (moveOf({ text, understood }) !== 'question') return { understood, hits: [] }
      const refersBack = takesUp(text, understood)
      const about = refersBack ? input.about : null
      // "Go on" names nothing: the previous question is asked again.
      const query: Query =
        about !== null && namesNothing(text)
          ? { text: about, about: null, topic: understood.topic, lang }
          : { text, about, topic: understood.topic, lang }
      const earlier =
        hasModel || refersBack
          ? await withTimeout(EARLIER_MS_MAX, recallConversation(searchIndex, { text, about })).catch((error: unknown) => {
              log.warn({ err: error }, 'searching earlier messages failed; answering without them')
              return []
            })
          : []
      const knowledgeVersion = await searchIndex.knowledgeVersion()
      const hits =
        knowledgeVersion === undefined
          ? searchArticles(query, refersBack ? earlier : [])
          : await recallKnowledge(searchIndex, query, refersBack ? earlier : [], { byMeaning: hasModel })
      return {
        understood,
        about,
        hits,
        kbVersion: knowledgeVersion ?? articlesVersion,
        ...(earlier.length > 0 && { earlier }),
        ...(hasModel && { byModel: true }),
      }
    },
  })
}

/** Whether a question takes up what was said before, by its act or by its words. */
const takesUp = (text: string, { act }: UnderstoodMessage): boolean => (act !== null && isContinuing(act)) || isFollowUp(text)

/** What the answering tasks are made of. */
export interface AnswerOptions extends Minimums {
  readonly articles: readonly Article[]
  readonly model: ModelOptions | undefined
}

type Call = Pick<TaskCall<AnswerInput>, 'input' | 'evaluate'>

/**
 * The task `answer`: by quotation, or by a model where one is configured. An answer is evaluated once, and held back below its minimum. In
 * place of a model's answer that is held back, or that would not come the second time either, the same passages are quoted.
 */
export function answerTask({ articles, model, qualityMin, quotationMin }: AnswerOptions): AnswerTask {
  const quote = createQuote(articles, quotationMin)
  if (model === undefined) {
    return defineTask({
      input: answerInput,
      output: answerOutput,
      deadlineMs: DEADLINE_MS,
      attemptsMax: 3,
      concurrencyMax: 64,
      run: (call) => quote(call, []),
      heldBack,
    })
  }
  const factsOf = factsFor(articles)
  const compose = createModelAnswer(model)
  return defineTask({
    input: answerInput,
    output: answerOutput,
    deadlineMs: MODEL_DEADLINE_MS,
    attemptsMax: 4,
    concurrencyMax: model.concurrencyMax ?? 8,
    run: async (call) => {
      const composed = await compose(call).catch((error: unknown): Held => {
        const code = finalCodeOf(error)
        if (code === undefined) throw error
        call.log.warn({ err: error }, 'the language model gave no answer; the passages are quoted')
        return { model: model.model, reasons: [code] }
      })
      if (!('sources' in composed)) return quote(call, [composed])
      const { text } = composed
      const facts = { ...factsOf(call.input), promptVersion: PROMPT_VERSION }
      if (text === null) return { ...composed, ...facts }
      const passed = await passGate(call, { ...composed, text }, qualityMin)
      if ('facts' in passed) return { ...composed, ...facts, ...passed.facts }
      // The turn has cost what the model took, although the passages answer.
      const { text: _text, sources: _sources, ...costs } = composed
      return { ...costs, ...(await quote(call, [passed.held])) }
    },
    heldBack,
  })
}

const heldBack = ({ held = [] }: Answer): string[] => held.flatMap(({ reasons }) => reasons)

/** The task `quote`: answers by quotation where the machine no longer waits for the model, or the model cannot be reached. */
export function quoteTask({ articles, quotationMin }: Pick<AnswerOptions, 'articles' | 'quotationMin'>): QuoteTask {
  const quote = createQuote(articles, quotationMin)
  return defineTask({
    input: quoteInput,
    output: answerOutput,
    deadlineMs: QUOTE_DEADLINE_MS,
    attemptsMax: 2,
    concurrencyMax: 64,
    run: (call) => quote(call, [{ reasons: [call.input.because] }]),
    heldBack,
  })
}

function createQuote(articles: readonly Article[], min: number): (call: Call, held: readonly Held[]) => Promise<Answer> {
  const extract = createExtract(articles)
  const factsOf = factsFor(articles)
  return async (call, held) => ({ ...(await quotationThroughGate(call, extract(call.input), min, held)), ...factsOf(call.input) })
}

function factsFor(articles: readonly Article[]): (input: AnswerInput) => Pick<Answer, 'hits' | 'kbVersion'> {
  const articlesVersion = versionOf(articles)
  return ({ hits, kbVersion }) => ({ hits: hits.length, kbVersion: kbVersion ?? articlesVersion })
}

async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const finished = new AbortController()
  const timeout = async (): Promise<never> => {
    await delay(ms, undefined, { signal: finished.signal })
    throw new ColloquyError('no_memory', `the search index did not answer within ${ms} ms`)
  }
  try {
    return await Promise.race([work, timeout()])
  } finally {
    finished.abort()
  }
}
