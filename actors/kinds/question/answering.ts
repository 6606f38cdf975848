import { z } from 'zod'
import { foldText } from '../../core/fold-text.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import { ANSWER_PROMPT, ANSWER_PROMPTS } from '../../prompting/built-in-prompts.ts'
import { type AnswerInput, answerOutput } from '../support/definition.ts'
import { languageSchema, QUESTION_CHARS_MAX } from '../support/found.ts'
import { isRelevant } from '../support/relevance.ts'
import { type AnswerOptions, answerTask as answerFromFound, lookupTask } from '../support/tasks.ts'
import { createJoinedAnswers } from './joined-answers.ts'

/** From the question to its answer, the wait in the queue included. */
const ANSWER_DEADLINE_MS = 10 * 60_000

export const questionSchema = z.object({
  text: z.string().min(1).max(QUESTION_CHARS_MAX),
  lang: languageSchema,
  /** When it was asked, by the server's clock. */
  askedAt: z.iso.datetime(),
})
type Question = z.infer<typeof questionSchema>

/** An answer as `support` gives it. */
export const givenSchema = answerOutput.extend({
  /** The answer was made for an equal question, and has cost nothing more. Absent: no. */
  joined: z.literal(true).optional(),
})
export type Given = z.infer<typeof givenSchema>

const NOTHING_FOUND: Given = { text: null, sources: [] }

/**
 * The task `answer`: looks a question up that stands alone, and answers it from what was found, as `support` does. Equal questions that
 * wait for the same passages are answered once in a process.
 *
 * @param places answers at one time in the whole cluster
 */
export function answerTask({ places, ...options }: AnswerOptions & { readonly places: number }) {
  const { articles } = options
  const lookup = lookupTask(articles, 0)
  const answering = answerFromFound(options)
  const join = createJoinedAnswers<Given>(Date.now)
  return defineTask({
    input: questionSchema,
    output: givenSchema,
    deadlineMs: ANSWER_DEADLINE_MS,
    attemptsMax: 4,
    concurrencyMax: places,
    tellsPlaces: true,
    run: async (call): Promise<Given> => {
      const { text, lang, askedAt } = call.input
      const {
        understood,
        about: _about,
        ...found
      } = await lookup.run({ ...withoutMessages(call), input: { text, lang, about: null, turns: [] } })
      if (!isRelevant({ understood: understood ?? null, lookups: found.lookups }, found.hits)) return NOTHING_FOUND
      const input: AnswerInput = { ...found, text, lang, about: null, topic: understood?.topic ?? null, turns: [] }
      const { value, isJoined } = await join(await keyOf(call, input), Date.parse(askedAt), () => answering.run({ ...call, input }))
      if (!isJoined) return value
      const { tokensIn: _in, tokensOut: _out, cost: _cost, ...shared } = value
      return { ...shared, joined: true }
    },
    ...(answering.heldBack !== undefined && { heldBack: answering.heldBack }),
  })
}

/** A question has no earlier messages of its own to search. */
const withoutMessages = (call: TaskCall<Question>): TaskCall<Question> => ({
  ...call,
  searchIndex: { ...call.searchIndex, search: (query) => (query.in === 'messages' ? Promise.resolve([]) : call.searchIndex.search(query)) },
})

/** Equal for questions of one tenant that say the same words, and for which the same passages and the same prompt are used. */
async function keyOf({ actor, promptFor, hasModels }: TaskCall<Question>, { text, lang, hits, kbVersion }: AnswerInput): Promise<string> {
  const prompt = hasModels() ? (await promptFor(ANSWER_PROMPT, { builtIn: ANSWER_PROMPTS, lang })).promptVersion : ''
  return JSON.stringify([
    actor.tenant,
    normalised(text),
    lang,
    prompt,
    kbVersion,
    hits.map(({ source, chunk, text: of }) => [source, chunk, of]),
  ])
}

/** A question without its case, width, accents, spaces, and marks at its end. */
const normalised = (text: string): string =>
  foldText(text)
    .replaceAll(/[\s\p{P}]+$/gu, '')
    .replaceAll(/\s+/gu, ' ')
    .trim()
