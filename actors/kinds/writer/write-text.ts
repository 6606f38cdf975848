import { hash } from 'node:crypto'
import { z } from 'zod'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { codeOf, messageOf, TerminalError } from '../../../schemas/errors.ts'
import { evaluatorName } from '../../../schemas/quality.ts'
import { armSchema, WRITING_LIMITS, writingFacts } from '../../../schemas/writing-events.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import type { FailedGeneration, Generated, GenerationQuery } from '../../definition/task-generation.ts'
import type { ChosenPrompt } from '../../definition/task-prompts.ts'
import { buildWriting } from '../../prompting/build-writing.ts'
import { WRITE_PROMPTS } from '../../prompting/built-in-prompts.ts'

export const writingSchema = z.object({ brief: z.string(), facts: z.array(z.string()), lang: z.enum(['en', 'zh']), arm: armSchema })
/** What is to be written, and how. */
export type Writing = z.output<typeof writingSchema>

const madeSchema = z.object({
  /** `null` where there is none. */
  text: z.string().nullable(),
  made: z.enum(['model', 'facts']),
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
  ...writingFacts,
})
/** What came of it. */
export type Made = z.output<typeof madeSchema>

const spentSchema = z.object({ tokensIn: z.number().optional(), tokensOut: z.number().optional(), cost: z.number().optional() })
type Spent = z.output<typeof spentSchema>

/** All attempts together, with the wait for a place. A model that hangs is given up by its own times before. */
const DEADLINE_MS = 5 * 60_000
const ATTEMPTS_MAX = 4
/** Texts at a time in the whole cluster; models have bounds of their own. */
const CONCURRENCY_MAX = 64
/** Tokens that a model may take for a word of the text, and for what it takes at least, its reasoning included. */
const TOKENS_PER_WORD = 4
const TOKENS_MIN = 1_000

/** What a model is asked for a text. Pure. */
export function writingQuery({ brief, facts, lang, arm }: Writing, { template, variables }: ChosenPrompt) {
  const { tone, length } = arm
  return {
    messages: buildWriting({ template, variables, tone, length, brief, facts, lang }),
    tier: 'auto',
    hints: { text: brief },
    tokensOutMax: Math.max(TOKENS_MIN, (length ?? 0) * TOKENS_PER_WORD),
  } as const satisfies GenerationQuery
}

/** A sum where both are known. */
const sum = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one + other

const together = (before: Spent, now: Pick<Generated, 'tokensIn' | 'tokensOut' | 'cost'>): Spent =>
  withoutUndefined({
    tokensIn: sum(before.tokensIn, now.tokensIn),
    tokensOut: sum(before.tokensOut, now.tokensOut),
    cost: sum(before.cost, now.cost),
  })

const withoutUndefined = ({ tokensIn, tokensOut, cost }: { [Name in keyof Spent]: Spent[Name] | undefined }): Spent => ({
  ...(tokensIn !== undefined && { tokensIn }),
  ...(tokensOut !== undefined && { tokensOut }),
  ...(cost !== undefined && { cost }),
})

const attemptsOf = ({ attempts }: Pick<Generated, 'attempts'>): Pick<Made, 'attempts'> =>
  attempts.length === 0 ? {} : { attempts: attempts.map(({ model, reasons }) => ({ model, reasons: [...reasons] })) }

/** A text within its bound, with whole characters. */
const bounded = (text: string): string => text.trim().slice(0, WRITING_LIMITS.textCharsMax).toWellFormed()

/** Without a model: the facts as they are, or nothing. */
function listFacts({ facts }: Writing): Made {
  if (facts.length > 0) return { text: facts.map((fact) => `- ${fact}`).join('\n'), made: 'facts', cost: 0 }
  const message =
    'no language model is set up, and the brief has no facts to list; set COLLOQUY_MODELS, or COLLOQUY_LLM_BASE_URL and COLLOQUY_LLM_MODEL'
  return { text: null, made: 'facts', failure: { code: 'no_model' satisfies ErrorCode, message } }
}

/** What writing needs of a task. */
export type WriteCall = Pick<
  TaskCall<Writing>,
  'input' | 'hasModels' | 'promptFor' | 'generate' | 'evaluate' | 'attempt' | 'progress' | 'lastProgress' | 'signal'
>

/**
 * Has a model write the text. A failure that another attempt may mend is thrown, until the last attempt: the outcome then says what it
 * took.
 */
export async function writeText(call: WriteCall): Promise<Made> {
  const { input, signal } = call
  if (!call.hasModels()) return listFacts(input)
  const { lang, arm, brief, facts } = input
  let spent: Spent = spentSchema.safeParse(call.lastProgress).data ?? { tokensIn: 0, tokensOut: 0, cost: 0 }
  let lost: FailedGeneration = { attempts: [] }
  let told: Pick<Made, 'promptVersion' | 'requestHash'> = {}
  try {
    const prompt = await call.promptFor(arm.prompt, { builtIn: WRITE_PROMPTS, lang, version: arm.version })
    const query = writingQuery(input, prompt)
    told = { promptVersion: prompt.promptVersion, requestHash: hash('sha256', JSON.stringify(query.messages)) }
    const generated = await call.generate({
      ...query,
      refuse: (text) => (text.trim() === '' ? ['empty'] : []),
      onFailure: (failed) => {
        lost = failed
        spent = together(spent, failed)
        call.progress(spent)
      },
    })
    const text = bounded(generated.text)
    const evaluation = await call.evaluate({ query: brief, response: text, context: facts, lang })
    const { model, tier, tierReason } = generated
    const { overall: quality, scores, reasons } = evaluation
    const judged = { quality, evaluator: evaluatorName(evaluation), scores, reasons }
    return { text, made: 'model', ...told, model, tier, tierReason, ...together(spent, generated), ...judged, ...attemptsOf(generated) }
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error) ?? 'error'
    const isFinal = error instanceof TerminalError || FINAL.has(code) || call.attempt >= ATTEMPTS_MAX
    if (!isFinal) throw error
    return { text: null, made: 'model', failure: { code, message: messageOf(error) }, ...told, ...spent, ...attemptsOf(lost) }
  }
}

/** Another attempt would end in the same way. */
const FINAL: ReadonlySet<string> = new Set(['no_prompt_version', 'no_prompts'] satisfies ErrorCode[])

/** The task of a writer. */
export const writeTask = defineTask({
  input: writingSchema,
  output: madeSchema,
  deadlineMs: DEADLINE_MS,
  attemptsMax: ATTEMPTS_MAX,
  concurrencyMax: CONCURRENCY_MAX,
  retry: { initialMs: 1_000, factor: 3 },
  run: writeText,
})
