import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { codeOf, RetryLaterError } from '../../../schemas/errors.ts'
import type { TaskCall } from '../../definition/task-definition.ts'
import type { FailedGeneration, Generated, GenerationQuery } from '../../definition/task-generation.ts'
import type { ChosenPrompt } from '../../definition/task-prompts.ts'
import { buildPrompt } from '../../prompting/build-prompt.ts'
import { NO_ANSWER } from '../../prompting/built-in-prompts.ts'
import { readCitations } from '../../prompting/citations.ts'
import { createReplyStream } from '../../streaming/reply-stream.ts'
import { clip } from './clip.ts'
import { type Answer, ANSWER_CHARS_MAX, type AnswerInput, type Held, HELD_CHARS_MAX } from './definition.ts'
import { type Passed, passGate } from './gate.ts'
import { citationOf } from './replies.ts'
import { withOmitted } from './unanswered.ts'

/** What composing an answer needs of a task. */
export type ComposeCall = Pick<TaskCall<AnswerInput>, 'input' | 'evaluate' | 'generate' | 'live' | 'signal' | 'log'>
type Costs = Pick<Answer, 'tokensIn' | 'tokensOut' | 'cost'>

/** What came of asking the models: an answer that passed the gate, or none, with what was held back and what it took. */
export type Composed =
  { readonly kind: 'written'; readonly answer: Answer } | { readonly kind: 'none'; readonly held: readonly Held[]; readonly costs: Costs }

/** Asking again would most likely end in the same way. */
const FINAL: ReadonlySet<string> = new Set([
  'no_model',
  'model_budget',
  'model_context',
  'model_timeout',
  'model_refused',
  'model_filtered',
  'model_empty',
  'model_unfit',
  'model_structure',
  'model_unaccepted',
  'model_body_too_large',
] satisfies ErrorCode[])

/**
 * Has the language models answer from the passages. An answer below the minimum makes the next model be asked. People see sentences while
 * they are written, where what is written so far would pass as an answer.
 *
 * @param prompt the tenant's instructions
 * @param min the least quality with which an answer passes
 * @throws the error of the last model where a later attempt may succeed in time, and no model gave an answer that was evaluated
 */
export async function composeAnswer(call: ComposeCall, prompt: ChosenPrompt, min: number): Promise<Composed> {
  const { input, generate, live, signal, log } = call
  const { promptVersion } = prompt
  /** By the name of the model: each is asked once. */
  const judged = new Map<string, Passed>()
  const heldIn = ({ attempts }: Pick<Generated, 'attempts'>): Held[] =>
    attempts.map(({ model, reasons, text }) => {
      const passed = judged.get(model)
      const held = passed !== undefined && 'held' in passed ? passed.held : failed(model, reasons, text)
      return { ...held, promptVersion }
    })
  /** What was found of a text: with its last sentence, what is written so far is the whole. */
  const found = new Map<string, Promise<Passed>>()
  const passOf = (written: string): Promise<Passed> | undefined => {
    const { text, sources } = readAnswer(written, input)
    if (text === null) return undefined
    const key = JSON.stringify([text, sources])
    const known = found.get(key) ?? passGate(call, { text, sources }, min)
    found.set(key, known)
    return known
  }
  const reply = createReplyStream({
    live,
    log,
    async gate({ writtenSoFar }) {
      const passed = await passOf(writtenSoFar)
      return passed !== undefined && 'facts' in passed
    },
  })
  let failure: FailedGeneration = { attempts: [] }
  try {
    const generated = await generate({
      ...generationOf(input, prompt),
      stream: reply.stream,
      refuse: async (text, { model }) => {
        const passed = await passOf(text)
        if (passed === undefined) return []
        judged.set(model, 'held' in passed ? { held: { model, ...passed.held } } : passed)
        return 'held' in passed ? passed.held.reasons : []
      },
      onFailure: (what) => {
        failure = what
      },
    })
    const { text, model, tier, complexity, tierReason } = generated
    const passed = judged.get(model)
    const held = heldIn(generated)
    const read = readAnswer(text, input)
    const sent = read.text === null ? null : withOmitted(read.text, input)
    await reply.settle(sent ?? undefined, 'no_answer')
    return {
      kind: 'written',
      answer: {
        ...read,
        text: sent,
        ...(passed !== undefined && 'facts' in passed && passed.facts),
        ...costsOf(generated),
        model,
        promptVersion,
        tier,
        ...(complexity !== undefined && { complexity }),
        tierReason,
        ...(held.length > 0 && { held }),
      },
    }
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error)
    await reply.settle(undefined, code)
    // An answer there was is as good a reason to quote as an error that is final.
    if (judged.size === 0 && mayPass(error)) throw error
    log.warn({ err: error }, 'no language model gave an answer that can be sent; the passages are quoted')
    const held = heldIn(failure)
    return { kind: 'none', held: held.length > 0 ? held : [{ reasons: [code ?? OTHER] }], costs: costsOf(failure) }
  }
}

/** What a model is asked. */
export const generationOf = (
  input: AnswerInput,
  { template, variables }: ChosenPrompt,
): Pick<GenerationQuery, 'messages' | 'hints'> & { readonly tier: 'auto' } => ({
  messages: buildPrompt({
    template,
    variables,
    passages: input.hits,
    turns: input.turns,
    message: input.text,
    lang: input.lang,
    ...(input.earlier !== undefined && { earlier: input.earlier }),
    ...(input.knows !== undefined && { knows: input.knows }),
  }),
  tier: 'auto',
  hints: hintsOf(input),
})

/** With a longer pause until the next attempt, a quotation now is worth more: the models rest, or their provider asks for it. */
const PAUSE_MS_MAX = 2_000

/** Whether a later attempt may succeed in time. */
function mayPass(error: unknown): boolean {
  if (error instanceof RetryLaterError) return error.retryAfterMs <= PAUSE_MS_MAX
  return !FINAL.has(codeOf(error) ?? OTHER)
}

/** The reason of an error without a code. */
const OTHER = 'error'

/** What a question is routed by: not by the passages around it. */
const hintsOf = ({ text, about, lookups, hits }: AnswerInput) => ({
  text,
  // One lookup that is not the message itself says what an earlier turn meant.
  needsHistory: about !== null || lookups?.length === 1,
  passageScores: hits.map(({ score }) => score),
})

const failed = (model: string, reasons: readonly string[], text: string | undefined): Held => ({
  model,
  reasons: [...reasons],
  ...(text !== undefined && { text: clip(text, HELD_CHARS_MAX) }),
})

const costsOf = ({ tokensIn, tokensOut, cost }: Costs): Costs => ({
  ...(tokensIn !== undefined && { tokensIn }),
  ...(tokensOut !== undefined && { tokensOut }),
  ...(cost !== undefined && { cost }),
})

/** The text of a model as it is sent, with the passages that it cites; all of them where it cites none. */
function readAnswer(written: string, { hits }: AnswerInput): Pick<Answer, 'text' | 'sources'> {
  if (written.includes(NO_ANSWER)) return { text: null, sources: [] }
  const { text, cited } = readCitations(written, hits.length)
  // Nothing but citations is no answer.
  if (text === '') return { text: null, sources: [] }
  return { text: shorten(text), sources: cited.flatMap((index) => hits[index] ?? []).map(citationOf) }
}

/** Cuts a text to `ANSWER_CHARS_MAX`, at the end of a sentence where one ends in the second half. */
function shorten(text: string): string {
  if (text.length <= ANSWER_CHARS_MAX) return text.toWellFormed()
  const end = Math.max(...['.', '!', '?', '。', '！', '？'].map((stop) => text.lastIndexOf(stop, ANSWER_CHARS_MAX - 1)))
  return end < ANSWER_CHARS_MAX / 2 ? clip(text, ANSWER_CHARS_MAX) : text.slice(0, end + 1).toWellFormed()
}
