import type { ActionArgs, EventObject, MachineContext, ParameterizedObject } from 'xstate'
import type { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import type { ContextSchema, Kind, Schemas } from './kind.ts'
import type { Tasks } from './task-definition.ts'
import { isFunction } from './walk-machine.ts'

/** An event for another actor of the same tenant. */
export interface Sending extends SendingOptions {
  /** Name of the target's kind. */
  readonly kind: string
  /** Id of the target. */
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** For actors that pass events on. */
export interface SendingOptions {
  /**
   * Id of the event, 1 to 256 characters, unique among all that this actor ever sends to the target: another event with the same id is a
   * duplicate there. Default: a unique one.
   */
  readonly eventId?: string | undefined
  /** Id of the event that caused this one. Default: the id of the input that the machine takes. */
  readonly causationid?: string | undefined
  /**
   * Types of events: whenever the target emits one of them, from this input on, this actor gets the event as an input, with the same type,
   * id and data and with the target as its `source`. An actor has one follower, the last that asked.
   */
  readonly follow?: readonly string[] | undefined
}

/** The same with the target's kind as an object, so that tsc checks the type of the event. */
type SendingTo<Events extends Schemas> = {
  [Type in keyof Events & string]: SendingOptions & {
    readonly kind: Kind<ContextSchema, Events, Schemas, Tasks>
    readonly id: string
    readonly type: Type
    readonly data: z.input<Events[Type]>
  }
}[keyof Events & string]

const SENDING = Symbol.for('colloquy.send')

type Params = ParameterizedObject['params'] | undefined

/** A marker in the form of an XState action. It never runs; the decision reads its argument and commits it with the record. */
export interface SendAction<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject> {
  (args: ActionArgs<Context, Expression, Event>, params: P): void
}

type ValueOrFunction<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject, What> =
  What | ((args: ActionArgs<Context, Expression, Event>, params: P) => What)

/**
 * An action that sends an event to another actor of the same tenant; use it like XState's `emit`.
 *
 * The event is committed with the input that caused it, and delivered at least once, in the sender's order. Its id is stable, so the target
 * processes it once. The target sees the id of the causing input as `causationid` and `colloquy/<tenant>/<kind>/<id>` as `source`.
 *
 * `kind` is a kind, or the name of one. With a kind, tsc checks the type of the event. An event that the target rejects becomes the
 * target's dead letter.
 */
export function send<
  Context extends MachineContext,
  Expression extends EventObject,
  P extends Params,
  Event extends EventObject,
  Events extends Schemas,
>(what: ValueOrFunction<Context, Expression, P, Event, SendingTo<Events>>): SendAction<Context, Expression, P, Event>
/** The same with the name of a kind; the event's type is not checked. */
export function send<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject>(
  what: ValueOrFunction<Context, Expression, P, Event, Sending>,
): SendAction<Context, Expression, P, Event>
export function send(sending: unknown): () => void {
  const action = (): void => {
    const what = 'only Colloquy carries out send(…); a machine that XState runs alone sends nothing'
    throw new ColloquyError('not_carried_out', `${what}. Test it with given(kind) of colloquy/test`)
  }
  return Object.assign(action, { [SENDING]: sending })
}

/** Whether an action of a machine is a `send`. */
export const isSend = (action: unknown): boolean => typeof action === 'function' && SENDING in action

/** The argument of a `send`, computed where it is a function; `undefined` where the action is not a `send`. */
export function sendingOf(action: unknown, args: unknown, params: unknown): unknown {
  if (typeof action !== 'function' || !(SENDING in action)) return undefined
  const sending = action[SENDING]
  const value = isFunction(sending) ? sending(args, params) : sending
  return value ?? null
}
