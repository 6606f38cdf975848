import { AsyncLocalStorage } from 'node:async_hooks'

/** A decision: the part of a host's work that runs the code of a kind. */
export interface DecisionCode {
  /** INBOX sequence of the input. */
  readonly seq: number
  /** When INBOX stored it, milliseconds since 1970: tells the input from another of the same sequence. */
  readonly storedMs: number
  /** The subject of the actor's records. */
  readonly subject: string
  /** The input, or code that its actor left behind, has run into a limit of the watchdog before: `SUSPECT_MS_MAX` applies. */
  readonly isSuspect: boolean
}

/** The code of one run of a task. */
export interface TaskCode {
  readonly kind: string
  readonly task: string
  readonly run: string
  /** `<tenant>/<kind>/<id>`. */
  readonly actor: string
  /** ISO. */
  readonly deadlineAt: string
}

/** Whose code runs. Timers and promises that the code leaves behind keep it. */
export type KindCode = DecisionCode | TaskCode

export const isDecision = (code: KindCode | undefined): code is DecisionCode => code !== undefined && 'seq' in code

const running = new AsyncLocalStorage<KindCode>()

/** Runs the code of a kind; everything that it starts is attributed to it. Costs 0.2 µs. */
export const runKindCode = <Args extends unknown[], T>(code: KindCode, work: (...args: Args) => T, ...args: Args): T =>
  running.run(code, work, ...args)

/** The code that runs, or that left the present callback behind; `undefined` for Colloquy's own. */
export const currentKindCode = (): KindCode | undefined => running.getStore()
