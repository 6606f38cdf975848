import type { Address } from '../../schemas/subjects.ts'

/** The task that asks for an answer. */
export interface AskingTask {
  readonly actor: Address
  /** LOG sequence of the record that started it; `undefined` where a dispatcher of an earlier version sent it: nothing is shared then. */
  readonly seq: number | undefined
}
