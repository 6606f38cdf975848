import type { ActorLogic, Snapshot } from 'xstate'
import type { z } from 'zod'
import type { ContextSchema, Kind, Schemas } from './kind.ts'
import type { Tasks } from './task-definition.ts'
import { isRecord } from './walk-machine.ts'

const CHILD = Symbol.for('colloquy.child')

/** Marks the actor logic that stands for a child kind in a machine. */
export const childLogic = (logic: object): object => Object.assign(logic, { [CHILD]: true })

/** Whether actor logic stands for a child kind. */
export const isChildLogic = (logic: unknown): boolean => isRecord(logic) && CHILD in logic

/** An event that a parent sends to its child, by XState's `sendTo`. */
type EventFor<Events extends Schemas> = [keyof Events] extends [never]
  ? { readonly type: never }
  : { [Type in keyof Events & string]: { readonly type: Type; readonly data: z.input<Events[Type]> } }[keyof Events & string]

/** A child kind as its parent's machine sees it: the input that it takes, the events that it takes, the output that it ends with. */
export type ChildLogic<Definition> =
  Definition extends Kind<ContextSchema, infer Events, Schemas, Tasks, infer Input, infer Output>
    ? ActorLogic<Snapshot<z.output<Output>>, EventFor<Events>, z.input<Input>>
    : never
