import type { FromStart, StopMessage } from '../embedding/model-thread.ts'
import type { CrossEncoderModel } from './cross-encoder.ts'

/** Start data of the re-ranking thread. */
export interface RerankThreadData {
  readonly model: CrossEncoderModel
  /** CPU threads that one model run may use. */
  readonly threads: number
}

export interface RerankJob {
  readonly key: number
  readonly question: string
  readonly texts: readonly string[]
}

export type ToRerankThread =
  | { readonly type: 'rerank'; readonly job: RerankJob }
  /** Nobody waits for the job any more: end it after the current model run. */
  | { readonly type: 'cancel'; readonly key: number }
  | StopMessage

export type FromRerankThread =
  | FromStart
  /** Scores in the order of the texts. */
  | { readonly type: 'reranked'; readonly key: number; readonly scores: readonly number[] }
  | { readonly type: 'failed'; readonly key: number; readonly message: string }
  /** The thread has forgotten the job. */
  | { readonly type: 'cancelled'; readonly key: number }
