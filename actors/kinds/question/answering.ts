import { z } from 'zod'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import { type Answer, answerOutput } from '../support/definition.ts'
import { languageSchema, QUESTION_CHARS_MAX } from '../support/found.ts'
import { isRelevant } from '../support/relevance.ts'
import { type AnswerOptions, answerTask as answerFromFound, lookupTask } from '../support/tasks.ts'

/** From the question to its answer, the wait in the queue included. */
const ANSWER_DEADLINE_MS = 10 * 60_000

export const questionSchema = z.object({ text: z.string().min(1).max(QUESTION_CHARS_MAX), lang: languageSchema })
type Question = z.infer<typeof questionSchema>

const NOTHING_FOUND: Answer = { text: null, sources: [] }

/**
 * The task `answer`: looks a question up that stands alone, and answers it from what was found, both as `support` does. Nothing personal
 * takes part, so that equal questions share their answer.
 *
 * @param places answers at one time in the whole cluster
 */
export function answerTask({ places, ...options }: AnswerOptions & { readonly places: number }) {
  const lookup = lookupTask(options.articles, 0)
  const answering = answerFromFound(options)
  return defineTask({
    input: questionSchema,
    output: answerOutput,
    deadlineMs: ANSWER_DEADLINE_MS,
    attemptsMax: 4,
    concurrencyMax: places,
    tellsPlaces: true,
    run: async (call): Promise<Answer> => {
      const question = { ...call.input, about: null, turns: [] }
      const {
        understood = null,
        about: _about,
        byModel: _byModel,
        ...found
      } = await lookup.run({ ...withoutMessages(call), input: question })
      if (!isRelevant({ understood, lookups: found.lookups }, found.hits)) return NOTHING_FOUND
      return answering.run({ ...call, input: { ...question, ...found, topic: understood?.topic ?? null } })
    },
    ...(answering.heldBack !== undefined && { heldBack: answering.heldBack }),
  })
}

/** The actor has no messages that could be searched. */
const withoutMessages = (call: TaskCall<Question>): TaskCall<Question> => ({
  ...call,
  searchIndex: { ...call.searchIndex, search: (query) => (query.in === 'messages' ? Promise.resolve([]) : call.searchIndex.search(query)) },
})
