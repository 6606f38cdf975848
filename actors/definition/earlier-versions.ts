import type { StateValue } from 'xstate'
import type { z } from 'zod'

/** A state as an earlier version of a kind recorded it: the machine's state value, and its context as JSON. */
export interface OldState {
  readonly value: StateValue
  readonly context: Readonly<Record<string, unknown>>
}

/**
 * Turns a state of an earlier version into one of this version. Must be pure. Its result is checked: the context against the kind's schema,
 * the value against the machine.
 */
export type Migration<Context> = (old: OldState) => {
  readonly value: StateValue
  readonly context: Context
  /**
   * New names of states by their old ones, as dotted paths; states inside a renamed one follow it. Their tasks and timers go on, with the
   * time that remains. Default: none.
   */
  readonly renamed?: Readonly<Record<string, string>>
  /**
   * Fields of the context that the earlier version did not keep. What this version makes of its inputs in these fields cannot be in its
   * records: `colloquy check` does not compare them. Default: none.
   */
  readonly unknown?: readonly string[]
}
/** By the earlier version; each migration leads directly to the kind's present version. */
export type Migrations<Context> = Readonly<Record<number, Migration<Context>>>

/** An earlier shape of an event's data, and its conversion to the present shape. Must be pure. */
export interface Upcaster<Today> {
  readonly from: z.ZodType
  readonly to: (data: unknown) => Today
}

/** By the data version that it reads; each upcaster leads directly to the present shape. */
export type Upcasters<Today> = Readonly<Record<number, Upcaster<Today>>>

/** Declares an upcaster; gives `to` the output type of the earlier schema. */
export const upcaster = <From extends z.ZodType, Today>(from: From, to: (data: z.output<From>) => Today): Upcaster<Today> => ({
  from,
  to: (data) => to(from.parse(data)),
})
