import type { ActionArgs, EventObject, MachineContext, ParameterizedObject } from 'xstate'
import type { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { isFunction } from './walk-machine.ts'
import type { ContextSchema, Kind, Schemas, Tasks } from './define-kind.ts'

/** What one actor tells another one of its own tenant. */
export interface Sending {
  /** The other's kind by name. */
  readonly kind: string
  /** The other's id. */
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** The same to a kind that is at hand: its events' types are checked. */
type SendingTo<Events extends Schemas> = {
  [Type in keyof Events & string]: {
    readonly kind: Kind<ContextSchema, Events, Schemas, Tasks>
    readonly id: string
    readonly type: Type
    readonly data: z.input<Events[Type]>
  }
}[keyof Events & string]

const SENDING = Symbol.for('colloquy.send')

type Params = ParameterizedObject['params'] | undefined

/** An action for XState that is never run: the decision reads what it says, and commits it with the record. */
export interface SendAction<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject> {
  (args: ActionArgs<Context, Expression, Event>, params: P): void
}

type Said<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject, What> =
  | What
  | ((args: ActionArgs<Context, Expression, Event>, params: P) => What)

/**
 * An action that sends an event to another actor of the same tenant, used like XState's `emit`. It is committed with the input
 * that caused it and then delivered in the actor's order, at least once under one id, so that the other takes it once; the
 * other sees this input's id as `causationid` and `colloquy/<tenant>/<kind>/<id>` as source.
 *
 * `kind` is a kind, whose events are then checked by tsc, or a kind's name. What the other cannot take becomes its dead letter.
 */
export function send<
  Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject, Events extends Schemas,
>(what: Said<Context, Expression, P, Event, SendingTo<Events>>): SendAction<Context, Expression, P, Event>
export function send<Context extends MachineContext, Expression extends EventObject, P extends Params, Event extends EventObject>(
  what: Said<Context, Expression, P, Event, Sending>,
): SendAction<Context, Expression, P, Event>
export function send(what: unknown): () => void {
  const action = (): void => {
    throw new ColloquyError('not_carried_out', 'send(…) is carried out by Colloquy; a machine that is run by XState alone sends nothing. Try it with given(kind) of colloquy/test')
  }
  return Object.assign(action, { [SENDING]: what })
}

/** Whether an action of a machine is a `send`. */
export const isSend = (action: unknown): boolean => typeof action === 'function' && SENDING in action

/** What a `send` says, given what the machine gave it; `undefined` where the action is none. */
export function sendingOf(action: unknown, args: unknown, params: unknown): unknown {
  if (typeof action !== 'function' || !(SENDING in action)) return undefined
  const what = action[SENDING]
  const said = isFunction(what) ? what(args, params) : what
  return said ?? null
}
