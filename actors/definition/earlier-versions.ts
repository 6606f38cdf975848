import type { StateValue } from 'xstate'
import type { z } from 'zod'

/** A state as an earlier version of a kind left it: what its machine was in, and its context as JSON. */
export interface OldState {
  readonly value: StateValue
  readonly context: Readonly<Record<string, unknown>>
}

/**
 * Turns a state of an earlier version into one of this version; pure. What it returns is checked: the context by the kind's
 * schema, the value by the machine.
 */
export type Migration<Context> = (old: OldState) => { readonly value: StateValue; readonly context: Context }
/** By the earlier version that it starts from; each leads straight to the kind's own version. */
export type Migrations<Context> = Readonly<Record<number, Migration<Context>>>

/** An earlier shape of an event's data, and how it becomes today's; pure. */
export interface Upcaster<Today> {
  readonly from: z.ZodType
  readonly to: (data: unknown) => Today
}

/** By the version whose shape it takes; each leads straight to today's. */
export type Upcasters<Today> = Readonly<Record<number, Upcaster<Today>>>

/** Declares an upcaster; it ties the type of `to` to the earlier schema. */
export const upcaster = <From extends z.ZodType, Today>(from: From, to: (data: z.output<From>) => Today): Upcaster<Today> => ({
  from, to: (data) => to(from.parse(data)),
})
