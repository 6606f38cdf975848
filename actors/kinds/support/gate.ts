import { type Evaluation, evaluatorName } from '../../../schemas/quality.ts'
import type { TaskCall } from '../../definition/task-definition.ts'
import { namesNothing } from './asking/follow-up.ts'
import { clip } from './clip.ts'
import { type Answer, type AnswerInput, type Held, HELD_CHARS_MAX } from './definition.ts'
import type { Quotation } from './extract.ts'

/** The `model` that the tables show for a quotation. */
export const EXTRACTIVE_MODEL = 'extractive'
/** The reason of an answer that an evaluator gave a low score and no reason. */
const LOW_QUALITY = 'low_quality'

type Call = Pick<TaskCall<AnswerInput>, 'input' | 'evaluate'>
type Sent = Pick<Answer, 'text' | 'sources' | 'model' | 'quality' | 'evaluator' | 'scores' | 'reasons' | 'held'>

/** The outcome of the gate: the answer with what was found of it, or what is held back. */
export type Passed = { readonly facts: Pick<Answer, 'quality' | 'evaluator' | 'scores' | 'reasons'> } | { readonly held: Held }

/**
 * Evaluates an answer once, against the passages that it cites.
 *
 * @param answer its text is without citations
 * @param min the least quality with which it passes
 */
export async function passGate(
  { input, evaluate }: Call,
  { text, sources, model }: Pick<Answer, 'sources' | 'model'> & { readonly text: string },
  min: number,
): Promise<Passed> {
  const cited = input.hits.filter((hit) => sources.some(({ source, chunk }) => source === hit.source && chunk === hit.chunk))
  const passages = cited.length === 0 ? input.hits : cited
  const evaluation = await evaluate({
    query: questionOf(input),
    response: text,
    context: passages.map((passage) => `${passage.title}\n${passage.text}`),
    retrieval: passages.map(({ score }) => score),
    lang: input.lang,
  })
  return evaluation.overall >= min ? { facts: factsOf(evaluation) } : { held: heldOf(evaluation, text, model) }
}

/** A question that takes up the one before says what it means only together with it. */
const questionOf = ({ text, about, lookups }: AnswerInput): string =>
  about === null ? (lookups?.join(' ') ?? text) : namesNothing(text) ? about : `${about} ${text}`

/** The quotation as an answer, if it passes. `held`: what was held back before it. */
export async function quotationThroughGate(
  call: Call,
  { passage, text, sources, lang = call.input.lang }: Quotation,
  min: number,
  held: readonly Held[],
): Promise<Sent> {
  if (passage === undefined) return { text, sources, ...listed(held) }
  const passed = await passGate({ ...call, input: { ...call.input, lang } }, { text: passage, sources, model: EXTRACTIVE_MODEL }, min)
  if ('held' in passed) return { text: null, sources: [], model: EXTRACTIVE_MODEL, ...listed([...held, passed.held]) }
  return { text, sources, model: EXTRACTIVE_MODEL, ...passed.facts, ...listed(held) }
}

const listed = (held: readonly Held[]): Pick<Answer, 'held'> => (held.length === 0 ? {} : { held: [...held] })

const factsOf = (evaluation: Evaluation): Pick<Answer, 'quality' | 'evaluator' | 'scores' | 'reasons'> => ({
  quality: evaluation.overall,
  evaluator: evaluatorName(evaluation),
  scores: evaluation.scores,
  reasons: evaluation.reasons,
})

const heldOf = (evaluation: Evaluation, text: string, model: string | undefined): Held => ({
  ...(model !== undefined && { model }),
  overall: evaluation.overall,
  evaluator: evaluatorName(evaluation),
  reasons: evaluation.reasons.length === 0 ? [LOW_QUALITY] : evaluation.reasons,
  text: clip(text, HELD_CHARS_MAX),
})

/** What the customer's side may see of answers that were held back. */
export const withoutTexts = ({ held }: Pick<Answer, 'held'>) =>
  held === undefined ? {} : { held: held.map(({ text: _text, ...rest }) => rest) }

/**
 * Whether an answer there was did not pass: the question was understood, and asking for other words would not help. Not where the last
 * model says that the passages do not answer.
 */
export const wasHeldBack = ({ text, tier, held = [] }: Pick<Answer, 'text' | 'tier' | 'held'>): boolean =>
  text === null && tier === undefined && held.some(({ overall }) => overall !== undefined)
