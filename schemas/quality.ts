import { z } from 'zod'

/** The dimensions of an answer's quality. Each is scored from 0 to 1. */
export const DIMENSIONS = ['relevance', 'completeness', 'coherence', 'groundedness'] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** What each dimension says. */
export const DIMENSION_MEANINGS: Readonly<Record<Dimension, string>> = {
  relevance: 'The answer is about what was asked.',
  completeness: 'Each part of the question is answered.',
  coherence: 'The answer is one text in the language of the question, without repetition, contradiction, or an echo of question or prompt.',
  groundedness: 'Each sentence says what the cited passages say: its numbers, names and negations agree with them.',
}

/** Names of evaluators: of programs, `customer` for what customers said, and `reviewer` for what colleagues said. */
export const EVALUATOR = /^[a-z][a-z0-9-]{0,31}$/
/** What colleagues say of an answer; the version of this evaluator is the name of the person. */
export const REVIEWER = 'reviewer'
/** The evaluator by rules, which runs in the task that answers. */
export const RULES_EVALUATOR = 'rules'
/** The evaluator by a language model. */
export const MODEL_EVALUATOR = 'model'

/** Most reasons, and most suggestions, of an evaluation, and their length in UTF-16 units. */
export const REASONS_MAX = 8
export const REASON_CHARS_MAX = 256

const score = z.number().min(0).max(1)

/** Scores by dimension. `groundedness` is `null` where there was nothing to compare the answer with. */
export const scoresSchema = z.object({ relevance: score, completeness: score, coherence: score, groundedness: score.nullable() })
export type Scores = z.output<typeof scoresSchema>

const reasonsSchema = z.array(z.string().max(REASON_CHARS_MAX)).max(REASONS_MAX)

/** The judgement of an evaluator on an answer. */
export const evaluationSchema = z.object({
  evaluator: z.string().regex(EVALUATOR).meta({ description: 'Name of the evaluator: rules or model' }),
  version: z.string().min(1).max(64).meta({ description: 'Version of the evaluator' }),
  scores: scoresSchema,
  overall: score.meta({ description: 'The quality of the answer, 0 to 1; from 0.7 it is good' }),
  reasons: reasonsSchema.meta({ description: 'What lowered the scores: a word each, such as number_not_in_sources' }),
  suggestions: reasonsSchema.meta({ description: 'What would make the answer better, in English' }),
})
export type Evaluation = z.output<typeof evaluationSchema>

/** An evaluator with its version, as `message.sent` and the tables name it: `rules@1`. */
export const evaluatorName = ({ evaluator, version }: Pick<Evaluation, 'evaluator' | 'version'>): string => `${evaluator}@${version}`
