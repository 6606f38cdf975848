import { type Dimension, DIMENSIONS } from '../../../schemas/quality.ts'
import { intervalOfMean, mcNemar, mean, quantile, smallestFound, wilcoxonSignedRank } from './paired-tests.ts'
import type { QuestionResult, VariantResult } from './run-experiment.ts'

/** From this quality on an answer is good. */
export const GOOD = 0.7

/** Figures of a variant. A mean is over the answers that have the value; `null` where none has it. */
export interface VariantSummary {
  readonly answered: number
  /** The variant says that it has no answer. */
  readonly declined: number
  readonly failed: number
  /** Errors by their code. */
  readonly errors: Readonly<Record<string, number>>
  /** Answers with a quality of `GOOD` or more. */
  readonly good: number
  /** Of all questions. */
  readonly goodShare: number
  readonly quality: number | null
  readonly scores: Readonly<Record<Dimension, number | null>>
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
  readonly tokensIn: number | null
  readonly tokensOut: number | null
  /** Of all answers; `null` where that of one is unknown. */
  readonly cost: number | null
  readonly costPerAnswer: number | null
  /** `<name>@<version>` of the prompts used, and the models that answered. */
  readonly prompts: readonly string[]
  readonly models: readonly string[]
}

/** The second variant less the first, over the questions of which both have the value. */
export interface PairedDifference {
  readonly pairs: number
  readonly mean: number
  /** 95 %. */
  readonly interval: readonly [number, number]
  /** Two-sided, of Wilcoxon's signed-rank test; and which sign most ranks have. */
  readonly p: number
  readonly leans: -1 | 0 | 1
  /** The smallest mean difference that would most likely have been found. */
  readonly smallestFound: number
  /** Pairs with the same value. */
  readonly ties: number
}

export interface ExperimentSummary {
  readonly questions: number
  readonly a: VariantSummary
  readonly b: VariantSummary
  /** Questions that both answer with the same words. */
  readonly sameAnswers: number
  readonly quality: PairedDifference
  readonly latencyMs: PairedDifference
  /** `null` where costs are unknown. */
  readonly cost: PairedDifference | null
  /** Questions with a good answer of one variant only, and the p-value of McNemar's test. */
  readonly good: { readonly onlyA: number; readonly onlyB: number; readonly p: number }
}

type Value = (result: VariantResult) => number | undefined
const QUALITY: Value = ({ evaluation }) => evaluation?.overall
const LATENCY: Value = ({ answer }) => answer?.latencyMs
const COST: Value = ({ answer }) => answer?.cost

const isGood = ({ evaluation }: VariantResult): boolean => evaluation !== undefined && evaluation.overall >= GOOD

export function summarise(results: readonly QuestionResult[]): ExperimentSummary {
  const count = (passes: (result: QuestionResult) => boolean): number => results.filter(passes).length
  const onlyA = count(({ a, b }) => isGood(a) && !isGood(b))
  const onlyB = count(({ a, b }) => !isGood(a) && isGood(b))
  const costs = differencesOf(results, COST)
  return {
    questions: results.length,
    a: summaryOf(results.map(({ a }) => a)),
    b: summaryOf(results.map(({ b }) => b)),
    sameAnswers: count(({ a, b }) => typeof a.answer?.text === 'string' && a.answer.text === b.answer?.text),
    quality: paired(differencesOf(results, QUALITY)),
    latencyMs: paired(differencesOf(results, LATENCY)),
    cost: costs.length === 0 ? null : paired(costs),
    good: { onlyA, onlyB, p: mcNemar(onlyA, onlyB) },
  }
}

export const differencesOf = (results: readonly QuestionResult[], valueOf: Value): number[] =>
  results.flatMap(({ a, b }) => {
    const [one, other] = [valueOf(a), valueOf(b)]
    return one === undefined || other === undefined ? [] : [other - one]
  })

const paired = (differences: readonly number[]): PairedDifference => ({
  pairs: differences.length,
  mean: differences.length === 0 ? 0 : mean(differences),
  interval: differences.length === 0 ? [0, 0] : intervalOfMean(differences),
  ...wilcoxonSignedRank(differences),
  smallestFound: differences.length === 0 ? 0 : smallestFound(differences),
  ties: differences.filter((difference) => Math.abs(difference) < 1e-9).length,
})

function summaryOf(results: readonly VariantResult[]): VariantSummary {
  const answers = results.flatMap(({ answer }) => answer ?? [])
  const evaluations = results.flatMap(({ evaluation }) => evaluation ?? [])
  const errors = results.flatMap(({ error }) => error?.code ?? [])
  const good = results.filter(isGood).length
  const costs = answers.flatMap(({ cost }) => cost ?? [])
  const cost = answers.length > 0 && costs.length === answers.length ? costs.reduce((sum, one) => sum + one, 0) : null
  const latencies = answers.map(({ latencyMs }) => latencyMs)
  const distinct = (values: readonly (string | undefined)[]): string[] => [...new Set(values.flatMap((value) => value ?? []))].sort()
  const scoreOf = (dimension: Dimension): number | null => meanOf(evaluations.map(({ scores }) => scores[dimension]))
  return {
    answered: evaluations.length,
    declined: answers.length - evaluations.length,
    failed: errors.length,
    errors: Object.fromEntries(distinct(errors).map((code) => [code, errors.filter((one) => one === code).length])),
    good,
    goodShare: results.length === 0 ? 0 : good / results.length,
    quality: meanOf(evaluations.map(({ overall }) => overall)),
    scores: {
      relevance: scoreOf('relevance'),
      completeness: scoreOf('completeness'),
      coherence: scoreOf('coherence'),
      groundedness: scoreOf('groundedness'),
    } satisfies Record<(typeof DIMENSIONS)[number], number | null>,
    latencyP50Ms: latencies.length === 0 ? null : quantile(latencies, 0.5),
    latencyP95Ms: latencies.length === 0 ? null : quantile(latencies, 0.95),
    tokensIn: meanOf(answers.map(({ tokensIn }) => tokensIn)),
    tokensOut: meanOf(answers.map(({ tokensOut }) => tokensOut)),
    cost,
    costPerAnswer: cost === null ? null : cost / answers.length,
    prompts: distinct(answers.map(({ promptVersion }) => promptVersion)),
    models: distinct(answers.map(({ model }) => model)),
  }
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === 'number')
  return known.length === 0 ? null : mean(known)
}
