import { DIMENSIONS } from '../../../schemas/quality.ts'
import type { ExperimentSummary, VariantSummary } from './experiment-summary.ts'

const UNKNOWN = '–'
const number = (value: number | null, digits: number): string => (value === null ? UNKNOWN : value.toFixed(digits))
const ms = (value: number | null): string => (value === null ? UNKNOWN : `${value.toFixed(0)} ms`)

/** The figures of both variants side by side: name, of A, of B. */
export function experimentRows({ a, b }: ExperimentSummary): [name: string, a: string, b: string][] {
  const row = (name: string, shown: (of: VariantSummary) => string): [string, string, string] => [name, shown(a), shown(b)]
  return [
    row('prompt', ({ prompts }) => prompts.join(', ') || UNKNOWN),
    row('model', ({ models }) => models.join(', ') || UNKNOWN),
    row('answered', ({ answered }) => String(answered)),
    row('no answer', ({ declined }) => String(declined)),
    row(
      'failed',
      ({ failed, errors }) =>
        `${failed}${
          failed === 0
            ? ''
            : ` (${Object.entries(errors)
                .map(([code, count]) => `${code} ${count}`)
                .join(', ')})`
        }`,
    ),
    row('quality', ({ quality }) => number(quality, 3)),
    ...DIMENSIONS.map((dimension) => row(`  ${dimension}`, ({ scores }) => number(scores[dimension], 3))),
    row('good answers', ({ good, goodShare }) => `${good} (${(goodShare * 100).toFixed(1)} %)`),
    row('latency, median', ({ latencyP50Ms }) => ms(latencyP50Ms)),
    row('latency, 95 %', ({ latencyP95Ms }) => ms(latencyP95Ms)),
    row('tokens in', ({ tokensIn }) => number(tokensIn, 0)),
    row('tokens out', ({ tokensOut }) => number(tokensOut, 0)),
    row('cost', ({ cost }) => (cost === null ? UNKNOWN : cost.toPrecision(4))),
    row('cost of an answer', ({ costPerAnswer }) => (costPerAnswer === null ? UNKNOWN : costPerAnswer.toPrecision(4))),
  ]
}
