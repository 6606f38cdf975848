import { readJudged, readSent, splitEvaluator } from '../../schemas/event-readers.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import { MODEL_EVALUATOR, RULES_EVALUATOR } from '../../schemas/quality.ts'
import type { LogRecord } from '../../schemas/record.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** A kind may name any person or program: others than these have one name in the metrics, so that their number has a bound. */
const NAMED: ReadonlySet<string> = new Set([RULES_EVALUATOR, MODEL_EVALUATOR])

/**
 * Observes the overall scores in an appended record: of the answers that it sends, and of an answer that the role judge judged. The host
 * appends a record once in the cluster, whatever reads it later.
 */
export function observeQuality({ qualityScore }: Pick<Metrics, 'qualityScore'>, kind: string, record: LogRecord): void {
  const observe = (evaluator: string, score: number): void =>
    qualityScore.observe({ kind, evaluator: NAMED.has(evaluator) ? evaluator : 'other' }, score)
  for (const { type, data } of record.emitted) {
    if (type !== 'message.sent' || data['quality'] === undefined) continue
    const { quality, evaluator } = readSent(data) ?? {}
    if (quality !== undefined) observe(splitEvaluator(evaluator).evaluator, quality)
  }
  if (record.input.type !== ANSWER_JUDGED || record.outcome !== 'committed') return
  const judged = readJudged(record.input.data)
  if (judged !== undefined) observe(judged.evaluator, judged.overall)
}
