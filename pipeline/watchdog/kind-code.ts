import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose code runs: of a decision, or of a run of a task. Timers and promises that the code leaves behind keep it. */
export type KindCode =
  /** `subject` is the one that the input was published to: `in.<tenant>.<kind>.<id>` or similar. */
  | { readonly subject: string; readonly seq: number }
  | { readonly kind: string; readonly task: string; readonly run: string; readonly actor: string; readonly deadlineAt: string }

const running = new AsyncLocalStorage<KindCode>()

/** Runs the code of a kind; everything that it starts is attributed to it. Costs 0.2 µs. */
export const runKindCode = <Args extends unknown[], T>(code: KindCode, work: (...args: Args) => T, ...args: Args): T =>
  running.run(code, work, ...args)

/** The code that runs, or that left the present callback behind; `undefined` for Colloquy's own. */
export const currentKindCode = (): KindCode | undefined => running.getStore()
