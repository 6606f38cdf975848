import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../../schemas/errors.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { answerInput, answerOutput, lookupInput, lookupOutput, type AnswerTask, type LookupTask } from './definition.ts'
import { createExtract } from './extract.ts'
import { isFollowUp } from './intents.ts'
import { versionOf, type Article } from './knowledge.ts'
import { createModelAnswer, type ModelOptions } from './model.ts'
import { PROMPT_VERSION } from './prompt.ts'
import { recallConversation, recallKnowledge } from './recall.ts'
import { createSearch } from './search.ts'

/** Deadlines count the wait in the queue too: in a rush a late answer is better than an apology. */
const DEADLINE_MS = 60_000
const MODEL_DEADLINE_MS = 120_000

/** What was said before helps; it is not worth a long wait. */
const EARLIER_MS_MAX = 3_000
/** A memory that is away may be back in a few seconds. */
const LOOKUP_ATTEMPTS_MAX = 6

/** What the tables show as the model where there is none. */
const EXTRACTIVE_MODEL = 'extractive'

/**
 * Looks a question up in what the tenant has learned or, where it never learned anything, in the articles. What was said before in the conversation is
 * looked up for a question that leans on it, and for a model.
 */
export function lookupTask(articles: readonly Article[], hasModel: boolean): LookupTask {
  const searchArticles = createSearch(articles)
  const articlesVersion = versionOf(articles)
  return defineTask({
    input: lookupInput, output: lookupOutput, deadlineMs: DEADLINE_MS, attemptsMax: LOOKUP_ATTEMPTS_MAX, concurrencyMax: 64,
    run: async ({ input, searchIndex, log }) => {
      // Also where nothing was asked before that the machine understood.
      const refersBack = input.about !== null || isFollowUp(input.text)
      const earlier = hasModel || refersBack
        ? await withTimeout(EARLIER_MS_MAX, recallConversation(searchIndex, input)).catch((error: unknown) => {
          log.warn({ err: error }, 'what was said before cannot be looked up; it is done without')
          return []
        })
        : []
      const knowledgeVersion = await searchIndex.knowledgeVersion()
      const hits = knowledgeVersion === undefined ? searchArticles(input, refersBack ? earlier : []) : await recallKnowledge(searchIndex, input, refersBack ? earlier : [], { byMeaning: hasModel })
      return { hits, kbVersion: knowledgeVersion ?? articlesVersion, ...(earlier.length > 0 && { earlier }) }
    },
  })
}

/** Answers from what was found: by quoting, or by a model where one is set. */
export function answerTask(articles: readonly Article[], model: ModelOptions | undefined): AnswerTask {
  const articlesVersion = versionOf(articles)
  if (model !== undefined) {
    const answer = createModelAnswer(model)
    return defineTask({
      input: answerInput, output: answerOutput, deadlineMs: MODEL_DEADLINE_MS, attemptsMax: 4,
      concurrencyMax: model.concurrencyMax ?? 8,
      run: async (call) => ({ ...await answer(call), hits: call.input.hits.length, kbVersion: call.input.kbVersion ?? articlesVersion, promptVersion: PROMPT_VERSION }),
    })
  }
  const extract = createExtract(articles)
  return defineTask({
    input: answerInput, output: answerOutput, deadlineMs: DEADLINE_MS, attemptsMax: 3, concurrencyMax: 64,
    run: async ({ input }) => ({ ...extract(input), hits: input.hits.length, kbVersion: input.kbVersion ?? articlesVersion, model: EXTRACTIVE_MODEL }),
  })
}

async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const finished = new AbortController()
  const timeout = async (): Promise<never> => {
    await delay(ms, undefined, { signal: finished.signal })
    throw new ColloquyError('no_memory', `the memory did not answer within ${ms} ms`)
  }
  try {
    return await Promise.race([work, timeout()])
  } finally {
    finished.abort()
  }
}
