import type { Logger } from 'pino'
import type { CachedFrom } from '../../schemas/cached-from.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { AskingTask } from './asking-task.ts'

/** Is told of each answer that would be given again. */
export type AnswersShadow = (task: AskingTask, cachedFrom: CachedFrom) => void

/** Tells in the log and in a metric. Both answers and both questions are in LOG: that of the task, and that of `cachedFrom.seq`. */
export const createAnswersShadow =
  ({ metrics, log }: { readonly metrics: Metrics; readonly log: Logger }): AnswersShadow =>
  ({ actor: { tenant, kind, id }, seq }, cachedFrom) => {
    metrics.answersShadowed.inc({ match: cachedFrom.similarity === undefined ? 'equal' : 'similar' })
    log.info({ tenant, kind, id, seq, cachedFrom }, 'an answer would have been given again without COLLOQUY_CACHE=shadow')
  }
