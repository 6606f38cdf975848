import type { Logger } from 'pino'
import type { SharedQuestion } from '../../actors/definition/task-answers.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { Found } from '../cache/two-level-cache.ts'
import type { QuestionVectors } from '../embedding/question-vectors.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { AnswerEntry } from './answer-entry.ts'
import { createSimilarQuestions, type RememberedQuestion } from './similar-questions.ts'

/** Similar questions whose answers are read for one question. */
const READ_MAX = 3
/** The least quality of an answer to another question, by the rules, as an answer to this one. */
const QUALITY_MIN = 0.8
/** In shadow, what is less similar than the tenant's threshold is told, too, so that another one can be chosen. */
const SHADOW_SIMILARITY_MIN = 0.5
/** Questions whose vectors are awaited to be remembered. Further ones are not remembered. */
const REMEMBERING_MAX = 64

/** An answer to another question that says the same. */
export interface SimilarAnswer {
  readonly entry: AnswerEntry
  readonly level: Found<unknown>['from']
  readonly similarity: number
  /** By the rules, as an answer to the question that is asked. */
  readonly quality: number
}

/** How a cached answer is read for a question. */
export interface EntryReader {
  /** The answer under a key, if it is current. */
  read(key: CacheKey): Promise<Found<AnswerEntry> | undefined>
  /** Whether it rests on the passages that were found for this question, and on what the task has read. */
  mayBeGiven(entry: AnswerEntry): Promise<boolean>
  /** The text of an answer; `undefined` where it cannot be read. */
  textOf(entry: AnswerEntry): string | undefined
}

/** Cached answers to other questions that say the same. */
export interface SimilarAnswers {
  /** Finds none where it fails: that must not fail an answer. */
  find(question: SharedQuestion, key: CacheKey, reader: EntryReader): Promise<SimilarAnswer | undefined>
  /** Remembers a question whose answer is cached. Costs no wait. */
  remember(question: SharedQuestion, key: CacheKey): void
  stop(): Promise<void>
}

export interface SimilarAnswersOptions {
  readonly vectors: Pick<QuestionVectors, 'of'>
  readonly settingsOf: (tenant: string) => Promise<Pick<TenantSettings, 'CACHE_SIMILARITY_MIN'>>
  /** By the rules. */
  readonly evaluate: Evaluate
  /** Only tells what it finds: also what is less similar than the tenant's threshold. */
  readonly isShadow: boolean
  readonly metrics: Metrics
  readonly log: Logger
}

/**
 * Creates the look-up of a process. It finds nothing where the embedding model is the built-in one, which knows words only, or gives no
 * vector. Its questions are those that this process remembers; their answers are read from the cache at each look-up.
 */
export function createSimilarAnswers(options: SimilarAnswersOptions): SimilarAnswers {
  const { vectors, settingsOf, evaluate, isShadow, metrics, log } = options
  const questions = createSimilarQuestions()
  const remembering = new Set<Promise<void>>()

  const withVector = async (question: SharedQuestion, key: CacheKey): Promise<RememberedQuestion | undefined> => {
    const { fingerprint, vector } = await vectors.of(question.text)
    if (fingerprint === null || vector === undefined) return undefined
    return { key, setting: settingOf(question, key), question, fingerprint, vector }
  }
  const warn = (tenant: string, error: unknown): void =>
    rateLimitedWarn(
      log,
      { tenant, why: messageOf(error) },
      'an answer to a similar question cannot be looked for; only equal questions share answers',
    )
  const judge = async (question: SharedQuestion, text: string): Promise<number> => {
    const { overall } = await evaluate({
      query: question.text,
      response: text,
      context: question.passages.map((passage) => passage.text),
      lang: question.lang,
    })
    return overall
  }
  const note = (outcome: string): undefined => {
    metrics.similarAnswers.inc({ outcome })
    return undefined
  }
  const check = async (
    question: SharedQuestion,
    { key, similarity }: { readonly key: CacheKey; readonly similarity: number },
    reader: EntryReader,
  ): Promise<SimilarAnswer | undefined> => {
    const found = await reader.read(key)
    if (found === undefined) return note('gone')
    if (!(await reader.mayBeGiven(found.value))) return note('other_passages')
    const text = reader.textOf(found.value)
    if (text === undefined) return note('unreadable')
    const quality = await judge(question, text)
    if (quality < QUALITY_MIN) return note('poor')
    return { entry: found.value, level: found.from, similarity, quality }
  }
  const search = async (question: SharedQuestion, key: CacheKey, reader: EntryReader): Promise<SimilarAnswer | undefined> => {
    const { CACHE_SIMILARITY_MIN: min } = await settingsOf(key.tenant)
    // The look-up would cost the vector of each question.
    if (question.textOf === undefined || min === 1) return undefined
    const asked = await withVector(question, key)
    if (asked === undefined) return undefined
    const near = questions.like(asked, isShadow ? Math.min(min, SHADOW_SIMILARITY_MIN) : min).slice(0, READ_MAX)
    for (const candidate of near) {
      const answer = await check(question, candidate, reader)
      if (answer === undefined) continue
      note(isShadow ? 'shadow' : 'given')
      metrics.answerSimilarity.observe(answer.similarity)
      return answer
    }
    return undefined
  }
  return {
    find: (question, key, reader) =>
      search(question, key, reader).catch((error: unknown) => {
        warn(key.tenant, error)
        return undefined
      }),
    remember(question, key) {
      if (question.textOf === undefined || questions.has(key) || remembering.size >= REMEMBERING_MAX) return
      const work = withVector(question, key).then(
        (known) => known && questions.remember(known),
        (error: unknown) => warn(key.tenant, error),
      )
      remembering.add(work)
      void work.finally(() => remembering.delete(work))
    },
    async stop() {
      await Promise.all(remembering)
    },
  }
}

/** All of a key but the question: what is not compared must be equal. */
const settingOf = ({ lang, intents, tier, setUp, prompt }: SharedQuestion, { parts: [kind = ''] }: CacheKey): string =>
  JSON.stringify([kind, lang, [...intents].sort(), tier, setUp, prompt.promptVersion])
