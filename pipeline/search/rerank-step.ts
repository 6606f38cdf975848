import type { Logger } from 'pino'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { Reranker } from '../reranking/reranker.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { withinMs } from '../runtime/time-limit.ts'
import type { Reranked } from './explanation.ts'

export interface RerankStepOptions {
  readonly reranker: Reranker
  /** Max texts of one question. */
  readonly candidatesMax: number
  /** Milliseconds for the texts of one question. */
  readonly budgetMs: number
  readonly log: Logger
  readonly metrics: Metrics
}

/** The re-ranker of a process, which no search waits for longer than its budget. */
export interface RerankStep {
  readonly model: string
  readonly candidatesMax: number
  /** @returns a score from 0 to 1 for each text, or none. Never throws. @param msMax a bound below the budget */
  scoresOf(question: string, texts: readonly string[], msMax: number): Promise<{ scores?: readonly number[]; reranked: Reranked }>
}

export function createRerankStep({ reranker, candidatesMax, budgetMs, log, metrics }: RerankStepOptions): RerankStep {
  const { name: model } = reranker
  return {
    model,
    candidatesMax,
    async scoresOf(question, texts, msMax) {
      const startedMs = performance.now()
      const ms = Math.max(0, Math.min(budgetMs, msMax))
      const late = (): ColloquyError =>
        new ColloquyError('rerank_late', `the re-ranker ${model} did not score ${texts.length} texts in ${ms} ms`)
      try {
        const scores = checked(await withinMs(ms, (signal) => reranker.rerank(question, texts, signal), late), texts.length, model)
        const tookMs = performance.now() - startedMs
        metrics.rerankSeconds.observe(tookMs / 1_000)
        metrics.reranked.inc({ outcome: 'done' })
        return { scores, reranked: { model, texts: texts.length, tookMs: Math.round(tookMs) } }
      } catch (error) {
        const skipped = hasCode(error, 'rerank_late') ? 'late' : 'failed'
        metrics.reranked.inc({ outcome: skipped })
        const message = skipped === 'late' ? 'a re-ranker was slower than its budget' : 'a re-ranker failed'
        rateLimitedWarn(
          log,
          { model, texts: texts.length, budgetMs: ms, why: messageOf(error) },
          `${message}; the search has its own order`,
        )
        return { reranked: { model, skipped } }
      }
    },
  }
}

function checked(scores: readonly number[], count: number, model: string): readonly number[] {
  if (scores.length !== count)
    throw new ColloquyError('rerank_failed', `the re-ranker ${model} gave ${scores.length} scores for ${count} texts`)
  const wrong = scores.find((score) => !(score >= 0 && score <= 1))
  if (wrong !== undefined) throw new ColloquyError('rerank_failed', `the re-ranker ${model} gave ${wrong}, which is not from 0 to 1`)
  return scores
}
