import { counted } from '../../../schemas/counted.ts'
import type { ExperimentSummary, PairedDifference } from './experiment-summary.ts'

/** With fewer pairs no difference can reach 5 %: five that all go one way have p = 2/32. */
export const PAIRS_MIN = 6
const SIGNIFICANT_BELOW = 0.05

/** What an experiment shows, a sentence or two for each comparison; quality first. */
export function statementsOf({ quality, good, latencyMs, cost, questions, a, b }: ExperimentSummary): string[] {
  return [
    qualityStatement(quality),
    goodStatement(good, questions),
    measureStatement('faster', latencyMs, (value) => `${value.toFixed(0)} ms`),
    ...(cost === null
      ? ['Cost: unknown; set COLLOQUY_LLM_PRICE_IN and COLLOQUY_LLM_PRICE_OUT.']
      : [measureStatement('cheaper', cost, money)]),
    ...(a.failed + b.failed === 0
      ? []
      : [`A failed at ${counted(a.failed, 'question')}, B at ${b.failed}: quality, latency and cost compare only what both answered.`]),
    `Quality is the comparison to decide by. The others are looked at beside it, each at 5 %, so that one of them may differ by chance.`,
  ]
}

const money = (value: number): string => value.toPrecision(3)

function qualityStatement(difference: PairedDifference): string {
  const { pairs, mean, interval, p, smallestFound, ties } = difference
  if (pairs < PAIRS_MIN) {
    const few = `With ${counted(pairs, 'pair')} of answers no difference can be shown, however large; it takes ${PAIRS_MIN} at least.`
    return `Quality: too few questions. ${few}`
  }
  if (ties === pairs) return `Quality: no difference shown. All ${pairs} pairs of answers have the same quality.`
  const figures = `${signed(mean)} (95 % interval ${signed(interval[0])} to ${signed(interval[1])}; n = ${pairs}, p ${shownP(p)}, Wilcoxon)`
  if (p < SIGNIFICANT_BELOW && isOneSided(difference)) return `Quality: ${mean > 0 ? 'B' : 'A'} is better. B less A: ${figures}.`
  if (p < SIGNIFICANT_BELOW) {
    const why = 'Most differences go one way, and the mean does not show it: a few large ones go the other way.'
    return `Quality: not clear. B less A: ${figures}. ${why}`
  }
  const found = `With ${pairs} pairs, a mean difference of ${smallestFound.toFixed(3)} would most likely (80 %) have been found`
  return `Quality: no difference shown. B less A: ${figures}. ${found}; a smaller one may be there.`
}

/** Whether mean, interval and ranks are on one side of 0. */
const isOneSided = ({ interval: [low, high], leans }: PairedDifference): boolean => (low > 0 && leans > 0) || (high < 0 && leans < 0)

function goodStatement({ onlyA, onlyB, p }: ExperimentSummary['good'], questions: number): string {
  const figures = `good only with A: ${onlyA}, only with B: ${onlyB} of ${counted(questions, 'question')} (p ${shownP(p)}, McNemar)`
  if (p >= SIGNIFICANT_BELOW) return `Good answers: no difference shown; ${figures}.`
  return `Good answers: ${onlyB > onlyA ? 'B' : 'A'} has more; ${figures}.`
}

function measureStatement(better: 'faster' | 'cheaper', difference: PairedDifference, shown: (value: number) => string): string {
  const { pairs, mean, interval, p, ties } = difference
  const name = better === 'faster' ? 'Latency' : 'Cost'
  if (pairs < PAIRS_MIN) return `${name}: too few questions (${pairs}).`
  if (ties === pairs) return `${name}: no difference shown; all ${pairs} pairs are equal.`
  const figures = `B less A: ${shown(mean)} (95 % interval ${shown(interval[0])} to ${shown(interval[1])}; p ${shownP(p)})`
  if (p >= SIGNIFICANT_BELOW || !isOneSided(difference)) return `${name}: no difference shown. ${figures}.`
  return `${name}: ${mean < 0 ? 'B' : 'A'} is ${better}. ${figures}.`
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
const shownP = (p: number): string => (p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`)
