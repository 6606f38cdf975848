import { defineTask } from '../kind.ts'
import { answerInput, answerOutput, lookupInput, lookupOutput, type AnswerTask, type LookupTask } from './definition.ts'
import { createExtract } from './extract.ts'
import { versionOf, type Article } from './knowledge.ts'
import { createModelAnswer, type ModelOptions } from './model.ts'
import { PROMPT_VERSION } from './prompt.ts'
import { createSearch } from './search.ts'

/** Deadlines count the wait in the queue too: in a rush a late answer is better than an apology. */
const DEADLINE_MS = 60_000
const MODEL_DEADLINE_MS = 120_000

/** What the tables show as the model where there is none. */
const QUOTING = 'extractive'

/** Looks a question up in the articles; quick, local, cannot fail for a reason of its own. */
export function lookupTask(articles: readonly Article[]): LookupTask {
  const search = createSearch(articles)
  const kbVersion = versionOf(articles)
  return defineTask({
    input: lookupInput, output: lookupOutput, deadlineMs: DEADLINE_MS, attemptsMax: 3, concurrencyMax: 64,
    run: async ({ input }) => ({ hits: search(input), kbVersion }),
  })
}

/** Answers from what was found: by quoting, or by a model where one is set. */
export function answerTask(articles: readonly Article[], model: ModelOptions | undefined): AnswerTask {
  const kbVersion = versionOf(articles)
  if (model !== undefined) {
    const answer = createModelAnswer(model)
    return defineTask({
      input: answerInput, output: answerOutput, deadlineMs: MODEL_DEADLINE_MS, attemptsMax: 4,
      concurrencyMax: model.concurrencyMax ?? 8,
      run: async (call) => ({ ...await answer(call), hits: call.input.hits.length, kbVersion, promptVersion: PROMPT_VERSION }),
    })
  }
  const extract = createExtract(articles)
  return defineTask({
    input: answerInput, output: answerOutput, deadlineMs: DEADLINE_MS, attemptsMax: 3, concurrencyMax: 64,
    run: async ({ input }) => ({ ...extract(input), hits: input.hits.length, kbVersion, model: QUOTING }),
  })
}
