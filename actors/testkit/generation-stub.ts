import type { z } from 'zod'
import { ColloquyError, ForeignCodeError } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type {
  AnsweringModel,
  Generated,
  GenerationAttempt,
  GenerationCall,
  GenerationQuery,
  TaskGeneration,
} from '../definition/task-generation.ts'
import { type Failure, isFailure } from './task-stubs.ts'

/** What a language model answers in a test: a text, a value for the `schema` of the task, calls by `callsTools`, or `fails(…)`. */
export type ModelStub = string | Failure | ToolCalls | Readonly<Record<string, unknown>> | readonly unknown[]

interface ToolCalls {
  readonly toolCalls: readonly GenerationCall[]
}

/** An answer of a language model that calls tools. */
export const callsTools = (...toolCalls: readonly GenerationCall[]): ToolCalls => ({ toolCalls })

const toolCallsIn = (answer: Exclude<ModelStub, string>): readonly GenerationCall[] | undefined =>
  'toolCalls' in answer && Array.isArray(answer.toolCalls) ? answer.toolCalls : undefined

export interface StubbedGeneration extends TaskGeneration {
  /** What the task has asked so far. */
  readonly asked: readonly GenerationQuery[]
}

/**
 * `generate` for a test that calls the `run` of a task itself. Each answer is given once, in order; an answer that `refuse` does not take
 * counts as an attempt, and the next one follows, as with the next model: the models are `stub`, `stub-2`, and so on. `stream` hears an
 * answer in one piece.
 *
 * `hasModels` is true if there are answers. The generation rejects with `stub_exhausted` where the task asks for more answers, and
 * `bad_stub` where one does not fit the schema.
 *
 * @example
 *   const { generate, asked } = generates('Within two days.')
 *   await kind.tasks.answer.run({ ...call, generate })
 *   expect(asked[0]?.messages.at(-1)?.content).toContain('How long')
 */
export function generates(...answers: readonly ModelStub[]): StubbedGeneration {
  const left = [...answers]
  const asked: GenerationQuery[] = []
  return {
    asked,
    hasModels: () => answers.length > 0,
    tierFor: async () => (answers.length > 0 ? 'medium' : undefined),
    async generate<Schema extends z.ZodType>(query: GenerationQuery<Schema>): Promise<Generated<Schema>> {
      asked.push(query)
      query.signal?.throwIfAborted()
      const attempts: GenerationAttempt[] = []
      for (;;) {
        const answer = left.shift()
        const by: AnsweringModel = { model: attempts.length === 0 ? 'stub' : `stub-${attempts.length + 1}`, tier: 'medium' }
        if (answer === undefined) {
          const what = `answer ${answers.length + 1} of the language model is not there: generates(…) has ${answers.length}; add more`
          throw new ColloquyError('stub_exhausted', what)
        }
        if (isFailure(answer)) query.onFailure?.({ attempts, tokensIn: 0, tokensOut: 0, cost: 0 })
        if (isFailure(answer)) throw new ForeignCodeError(answer.error.code, answer.error.message)
        const calls = typeof answer === 'string' || query.tools === undefined ? undefined : toolCallsIn(answer)
        const text = typeof answer === 'string' ? answer : calls === undefined ? JSON.stringify(answer) : ''
        query.stream?.delta(text)
        const reasons = (await query.refuse?.(text, by)) ?? []
        if (reasons.length === 0) {
          const object = query.schema === undefined ? {} : { object: fitting(query.schema, answer) }
          return {
            text,
            ...object,
            ...(calls !== undefined && { calls }),
            ...by,
            tierReason: attempts.length > 0 ? 'fallback' : 'given',
            tokensIn: 0,
            tokensOut: 0,
            cost: 0,
            attempts,
          }
        }
        attempts.push({ ...by, reasons, text })
        query.stream?.reset(reasons[0] ?? 'other')
      }
    },
  }
}

function fitting<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const read = schema.safeParse(answer, IN_WORDS)
  if (read.success) return read.data
  throw new ColloquyError('bad_stub', `the answer given to generates(…) does not fit the schema of the task: ${zodProblem(read.error, '')}`)
}
