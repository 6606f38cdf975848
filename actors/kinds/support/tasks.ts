import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../../schemas/errors.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { answerInput, answerOutput, type AnswerTask, lookupInput, lookupOutput, type LookupTask, type Query } from './definition.ts'
import { createExtract } from './extract.ts'
import { isContinuing, isFollowUp, namesNothing } from './follow-up.ts'
import { type Article, versionOf } from './knowledge.ts'
import { createModelAnswer, type ModelOptions } from './model.ts'
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

/** The `model` that the tables show for a quotation. */
const EXTRACTIVE_MODEL = 'extractive'

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
      return { understood, about, hits, kbVersion: knowledgeVersion ?? articlesVersion, ...(earlier.length > 0 && { earlier }) }
    },
  })
}

/** Whether a question takes up what was said before, by its act or by its words. */
const takesUp = (text: string, { act }: UnderstoodMessage): boolean => (act !== null && isContinuing(act)) || isFollowUp(text)

/** The task `answer`: by quotation, or by a model where one is configured. */
export function answerTask(articles: readonly Article[], model: ModelOptions | undefined): AnswerTask {
  const articlesVersion = versionOf(articles)
  if (model !== undefined) {
    const answer = createModelAnswer(model)
    return defineTask({
      input: answerInput,
      output: answerOutput,
      deadlineMs: MODEL_DEADLINE_MS,
      attemptsMax: 4,
      concurrencyMax: model.concurrencyMax ?? 8,
      run: async (call) => ({
        ...(await answer(call)),
        hits: call.input.hits.length,
        kbVersion: call.input.kbVersion ?? articlesVersion,
        promptVersion: PROMPT_VERSION,
      }),
    })
  }
  const extract = createExtract(articles)
  return defineTask({
    input: answerInput,
    output: answerOutput,
    deadlineMs: DEADLINE_MS,
    attemptsMax: 3,
    concurrencyMax: 64,
    run: async ({ input }) => ({
      ...extract(input),
      hits: input.hits.length,
      kbVersion: input.kbVersion ?? articlesVersion,
      model: EXTRACTIVE_MODEL,
    }),
  })
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
