import { defineTask } from '../kind.ts'
import { answerInput, answerOutput, lookupInput, lookupOutput, type AnswerTask, type LookupTask } from './definition.ts'
import { createExtract } from './extract.ts'
import type { Article } from './knowledge.ts'
import { createModelAnswer, type ModelOptions } from './model.ts'
import { createSearch } from './search.ts'

/** Deadlines count the wait in the queue too: in a rush a late answer is better than an apology. */
const DEADLINE_MS = 60_000
const MODEL_DEADLINE_MS = 120_000

/** Looks a question up in the articles; quick, local, cannot fail for a reason of its own. */
export function lookupTask(articles: readonly Article[]): LookupTask {
  const search = createSearch(articles)
  return defineTask({
    input: lookupInput, output: lookupOutput, deadlineMs: DEADLINE_MS, attemptsMax: 3, concurrencyMax: 64,
    run: async ({ input }) => ({ hits: search(input) }),
  })
}

/** Answers from what was found: by quoting, or by a model where one is set. */
export function answerTask(articles: readonly Article[], model: ModelOptions | undefined): AnswerTask {
  if (model !== undefined) {
    return defineTask({
      input: answerInput, output: answerOutput, deadlineMs: MODEL_DEADLINE_MS, attemptsMax: 4,
      concurrencyMax: model.concurrencyMax ?? 8, run: createModelAnswer(model),
    })
  }
  const extract = createExtract(articles)
  return defineTask({
    input: answerInput, output: answerOutput, deadlineMs: DEADLINE_MS, attemptsMax: 3, concurrencyMax: 64,
    run: async ({ input }) => extract(input),
  })
}
