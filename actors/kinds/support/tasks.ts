import { setTimeout as delay } from 'node:timers/promises'
import { codeOf, ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import { type Asked, askedIn, standalone } from './asking/asked.ts'
import { isContinuing, namesNothing } from './asking/follow-up.ts'
import { questionsIn } from './asking/questions-in.ts'
import { rewrite } from './asking/rewrite.ts'
import { clip } from './clip.ts'
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
  quoteInput,
  type QuoteTask,
} from './definition.ts'
import { createExtract } from './extract.ts'
import { type Hit, HITS_MAX, type Language, languageSchema, LOOKUP_CHARS_MAX } from './found.ts'
import { quotationThroughGate } from './gate.ts'
import { type Article, versionOf } from './knowledge.ts'
import { knownOf, preferredLanguage } from './known.ts'
import type { Minimums } from './minimums.ts'
import { moveOf } from './moves.ts'
import { recallConversation, recallKnowledge } from './recall.ts'
import { isRelevant } from './relevance.ts'
import { createSearch } from './search.ts'
import { shareableBy, shareOrCompose } from './share.ts'
import { withSpent } from './spent.ts'
import { recordedForm } from './understood.ts'

/** Deadlines include the wait in the queue. Under load, a late answer is better than an apology. */
const LOOKUP_DEADLINE_MS = 60_000
const ANSWER_DEADLINE_MS = 120_000
/** Answers at a time in the whole cluster. What models stand is bounded by their places. */
const ANSWERS_MAX = 256

/** Earlier messages improve an answer, but are not worth a long wait. */
const EARLIER_MS_MAX = 3_000
/** A search index that is down may be back within seconds. */
const LOOKUP_ATTEMPTS_MAX = 6

/** A quotation in place of a late answer takes some milliseconds; the reply budget ends before this. */
const QUOTE_DEADLINE_MS = 10_000

/**
 * The task `lookup`: understands a message and, where it asks something, searches the tenant's knowledge or, for a tenant that never
 * uploaded any, the articles; for each of its questions, with what it takes up. For a model, and for a question that refers to earlier
 * messages, it also searches the conversation.
 *
 * @param rewriteMs milliseconds in which a model may rewrite a message that refers to earlier ones; 0: rules do it
 */
export function lookupTask(articles: readonly Article[], rewriteMs: number): LookupTask {
  const searchArticles = createSearch(articles)
  const articlesVersion = versionOf(articles)
  return defineTask({
    input: lookupInput,
    output: lookupOutput,
    deadlineMs: LOOKUP_DEADLINE_MS,
    attemptsMax: LOOKUP_ATTEMPTS_MAX,
    concurrencyMax: 64,
    run: async ({ input, searchIndex, understand, generate, hasModels, customer, signal, log }) => {
      const { text, turns } = input
      const known = input.customer === undefined ? undefined : knownOf(await customer(input.customer))
      const lang = preferredLanguage(known ?? null) ?? input.lang
      const told = known === undefined ? {} : { known }
      const hasModel = hasModels()
      const understanding = await understand({ text, history: turns })
      const understood = recordedForm(understanding)
      if (moveOf({ text, understood }) !== 'question') return { understood, hits: [], ...told }
      const byRules = askedIn({ ...input, act: understood.act })
      const { questions, omitted } = questionsIn(text)
      const mayDiffer = byRules.length > 1 || byRules.some(({ about, refers }) => about !== null || refers === 'yes')
      const rewritten =
        !hasModel || rewriteMs === 0 || !mayDiffer
          ? undefined
          : await rewrite(omitted === 'questions' ? { ...input, text: questions.join(' ') } : input, {
              generate,
              signal,
              ms: rewriteMs,
            }).catch((error: unknown) => {
              signal.throwIfAborted()
              // Without the stack: every message may say so.
              log.warn({ code: codeOf(error), why: messageOf(error) }, 'a message was not rewritten; rules say what it asks for')
              return undefined
            })
      const asked = rewritten?.lookups.map((one): Asked => ({ text: one, about: null, reply: null, refers: 'no' })) ?? byRules
      const refersBack = byRules.some(({ refers }) => refers === 'yes') || isContinuing(understood.act ?? '')
      const earlier =
        hasModel || refersBack
          ? await withTimeout(EARLIER_MS_MAX, recallConversation(searchIndex, { text, about: contextIn(text, byRules) })).catch(
              (error: unknown) => {
                log.warn({ err: error }, 'searching earlier messages failed; answering without them')
                return []
              },
            )
          : []
      const knowledgeVersion = await searchIndex.knowledgeVersion()
      const said = refersBack && rewritten === undefined ? earlier : []
      const found = await Promise.all(
        asked.map((one) => {
          const find = (language: Language): Promise<Hit[]> => {
            const query = { ...one, topic: understood.topic, lang: language }
            if (knowledgeVersion === undefined) return Promise.resolve(searchArticles(query, said))
            return recallKnowledge(searchIndex, query, said, { byMeaning: hasModel })
          }
          return inAnyLanguage(one, lang, { understood, lookups: undefined }, find)
        }),
      )
      const knowledgeSeq = knowledgeVersion === undefined ? 0 : await searchIndex.knowledgeSeq()
      const shareable = shareableBy({ ...input, omitted, earlier, spent: rewritten?.spent, understood: understanding, knowledgeSeq })
      const lookups = asked.map((one) => clip(standalone(one), LOOKUP_CHARS_MAX))
      return {
        understood,
        ...told,
        about: rewritten === undefined ? takenUp(text, asked, found) : null,
        hits: interleaved(found),
        ...(lookups.join() !== text && { lookups }),
        ...(omitted !== undefined && { omitted }),
        kbVersion: knowledgeVersion ?? articlesVersion,
        ...(earlier.length > 0 && { earlier }),
        ...(rewritten?.spent !== undefined && { spent: rewritten.spent }),
        ...(hasModel && { byModel: true }),
        ...(hasModel && rewritten === undefined && shareable !== undefined && { shareable }),
      }
    },
  })
}

/**
 * What is found for a question in the language in which the customer wants to be answered; where nothing there answers it, and the question
 * is in another language, what is found in that one.
 */
async function inAnyLanguage(
  { text, about }: Asked,
  wished: Language,
  question: Parameters<typeof isRelevant>[0],
  find: (lang: Language) => Promise<Hit[]>,
): Promise<Hit[]> {
  const hits = await find(wished)
  const own = languageSchema.safeParse(detectLanguage(text)).data
  if (own === undefined || own === wished || isRelevant(question, hits, about)) return hits
  const others = await find(own)
  return isRelevant(question, others, about) ? others : hits
}

/** A passage that covers more of a short question shows that it stands alone. */
const STANDS_ALONE_SCORE = 0.5

/** What one question takes up, as its answer is judged by; `null` where it stands alone. */
function takenUp(text: string, asked: readonly Asked[], [hits = []]: readonly (readonly Hit[])[]): string | null {
  const [first] = asked
  if (first === undefined || asked.length > 1) return null
  if (namesNothing(text)) return contextIn(text, asked)
  if (first.refers === 'maybe') return (hits[0]?.score ?? 0) >= STANDS_ALONE_SCORE ? null : first.about
  return first.refers === 'yes' ? first.about : null
}

/** What came before a message; for one that names nothing, the question that it asks over again. */
const contextIn = (text: string, [first]: readonly Asked[]): string | null =>
  first === undefined ? null : (first.about ?? (namesNothing(text) && first.text !== text ? first.text : null))

/** The hits of several questions in turn, so that each has its best one among `HITS_MAX`; without repetitions. */
function interleaved(found: readonly (readonly Hit[])[]): Hit[] {
  if (found.length < 2) return found.flat()
  const hits = new Map<string, Hit>()
  for (let place = 0; place < HITS_MAX; place++) {
    for (const [lookup, ofOne] of found.entries()) {
      const hit = ofOne[place]
      if (hit === undefined) continue
      const key = hit.chunk ?? hit.source
      const known = hits.get(key)
      if (known !== undefined) hits.set(key, { ...known, for: [...(known.for ?? []), lookup], score: Math.max(known.score, hit.score) })
      else if (hits.size < HITS_MAX) hits.set(key, { ...hit, for: [lookup] })
    }
  }
  return [...hits.values()]
}

/** What the answering tasks are made of. */
export interface AnswerOptions extends Minimums {
  readonly articles: readonly Article[]
}

type Call = Pick<TaskCall<AnswerInput>, 'input' | 'evaluate'>

/**
 * The task `answer`: by the language models, or by quotation where there are none. Each answer is evaluated once; in place of one that is
 * below its minimum the next model is asked. Where no answer passes, or none would come the second time either, the same passages are
 * quoted.
 */
export function answerTask({ articles, qualityMin, quotationMin }: AnswerOptions): AnswerTask {
  const quote = createQuote(articles, quotationMin)
  const factsOf = factsFor(articles)
  return defineTask({
    input: answerInput,
    output: answerOutput,
    deadlineMs: ANSWER_DEADLINE_MS,
    attemptsMax: 4,
    concurrencyMax: ANSWERS_MAX,
    run: async (call) => {
      if (!call.hasModels()) return withSpent(await quote(call, []), call.input.spent)
      const composed = await shareOrCompose(call, qualityMin)
      const answer =
        composed.kind === 'written'
          ? { ...composed.answer, ...factsOf(call.input) }
          : // The turn has cost what the models took, although the passages answer.
            { ...composed.costs, ...(await quote(call, composed.held)) }
      return withSpent(answer, call.input.spent)
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
    run: async (call) => withSpent(await quote(call, [{ reasons: [call.input.because] }]), call.input.spent),
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
