import type { EmbedAs, EmbedModel } from './embedding-model.ts'
import type { FromStart, StopMessage } from './model-thread.ts'

/** Start data of the embedding thread. */
export interface WorkerData {
  readonly model: EmbedModel
  /** CPU threads that one model run may use. */
  readonly threads: number
}

/** A text with the number that its answer carries. */
export interface TextJob {
  readonly key: number
  readonly text: string
}

export type ToWorker =
  | { readonly type: 'embed'; readonly as: EmbedAs; readonly jobs: readonly TextJob[] }
  /** Split the text into chunks that fit the model as passages. */
  | { readonly type: 'chunk'; readonly job: TextJob }
  | StopMessage

export type FromWorker =
  | FromStart
  /** The vectors concatenated, in the order of `keys`. */
  | { readonly type: 'embedded'; readonly keys: readonly number[]; readonly vectors: Float32Array }
  | { readonly type: 'chunked'; readonly key: number; readonly chunks: readonly string[] }
  /** The model fails on this text even in a run of its own. */
  | { readonly type: 'failed'; readonly key: number; readonly message: string }
