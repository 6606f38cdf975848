import type { EmbedAs, EmbedModel } from './embedding-model.ts'

/** What the embedding thread is started with. */
export interface WorkerData {
  readonly model: EmbedModel
  /** Threads of one run of the model. */
  readonly threads: number
}

/** A text under a number that its answer comes back with. */
export interface TextJob {
  readonly key: number
  readonly text: string
}

export type ToWorker =
  | { readonly type: 'embed'; readonly as: EmbedAs; readonly jobs: readonly TextJob[] }
  /** Into chunks as passages. */
  | { readonly type: 'chunk'; readonly job: TextJob }
  /** Ends after the run under way; what waits is dropped. */
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready' }
  /** The model could not be loaded. */
  | { readonly type: 'unusable'; readonly message: string }
  /** Vectors one after another, in the order of the keys. */
  | { readonly type: 'embedded'; readonly keys: readonly number[]; readonly vectors: Float32Array }
  | { readonly type: 'chunked'; readonly key: number; readonly chunks: readonly string[] }
  /** This text alone made the model fail. */
  | { readonly type: 'failed'; readonly key: number; readonly message: string }
