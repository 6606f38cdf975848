import type { Durability } from '../../pipeline/producer/receipt.ts'
import type { LogStyle } from '../app/open-log.ts'
import type { Settings } from '../settings.ts'
import type { KindView } from '../web/kind-view.ts'

/** Messages of `colloquy dev` to its worker, in this order; `check` comes at any time while it runs. */
export type ToWorker =
  | { readonly type: 'load'; readonly settings: Settings; readonly durability: Durability; readonly logStyle: LogStyle }
  | { readonly type: 'run' }
  /** Asks for all that is wrong with the data of an input. */
  | { readonly type: 'check'; readonly question: number; readonly kind: string; readonly input: CheckedInput }
  | { readonly type: 'stop' }

/** An input whose data are checked. */
export interface CheckedInput {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** The reason that kinds are unusable. */
export interface Problem {
  readonly code: string
  readonly message: string
  /** The stack frames in the author's files, if there are any. */
  readonly stack?: string
}

/** Answers of a worker; `files` are the files that it has imported so far or tried to import. */
export type FromWorker =
  | { readonly type: 'standby'; readonly files: readonly string[] }
  | { readonly type: 'loaded'; readonly files: readonly string[]; readonly kinds: readonly KindView[] }
  | { readonly type: 'refused'; readonly files: readonly string[]; readonly problem: Problem }
  | { readonly type: 'checked'; readonly question: number; readonly problems: readonly string[] }
  | { readonly type: 'running' }
  | { readonly type: 'failed'; readonly problem: Problem }
