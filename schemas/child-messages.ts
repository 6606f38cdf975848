import { z } from 'zod'
import { taskError } from './internal-messages.ts'

/**
 * The messages between an actor and its child actors, in the names that XState gives to these events. They travel as other events from
 * actor to actor do, through SENT; no producer may send these types. A *run* is one life of a child: its id is that of the effect that
 * started it, so that the outcome of an earlier child under the same name is told apart.
 */
export const CHILD_START = 'xstate.init'
export const CHILD_STOP = 'xstate.stop'
const CHILD_END = /^xstate\.(done|error)\.actor\.(.+)$/s
export const childDoneType = (child: string): string => `xstate.done.actor.${child}`
export const childErrorType = (child: string): string => `xstate.error.actor.${child}`

/** Whether a type is that of a message between an actor and its child. */
export const isChildMessage = (type: string): boolean => type === CHILD_START || type === CHILD_STOP || CHILD_END.test(type)

/** The longest name of a child in its parent. It is a part of the types above. */
export const CHILD_NAME_CHARS_MAX = 128

const childName = z.string().min(1).max(CHILD_NAME_CHARS_MAX)
const run = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/)
const startData = z.object({
  run,
  /** The name of the child in its parent: the id of its invoke, or the one that `spawnChild` gives. */
  child: childName,
  /** Levels of parents above the child: 1 for a child of an actor without a parent. */
  depth: z.int().positive(),
  input: z.unknown().optional(),
})
const stopData = z.object({ run })
const doneData = z.object({ run, output: z.unknown().optional() })
const errorData = z.object({ run, error: taskError })

/** A message between an actor and its child. */
export type ChildMessage =
  | ({ readonly what: 'start' } & z.infer<typeof startData>)
  | ({ readonly what: 'stop' } & z.infer<typeof stopData>)
  | ({ readonly what: 'done'; readonly child: string } & z.infer<typeof doneData>)
  | ({ readonly what: 'error'; readonly child: string } & z.infer<typeof errorData>)
/** The end of a child, as its parent learns of it. */
export type ChildEnd = Extract<ChildMessage, { what: 'done' | 'error' }>

/** Reads an input of one of the types above; `undefined` where its data do not fit. */
export function readChildMessage({ type, data }: { readonly type: string; readonly data?: unknown }): ChildMessage | undefined {
  if (type === CHILD_START) return withWhat('start', startData.safeParse(data).data)
  if (type === CHILD_STOP) return withWhat('stop', stopData.safeParse(data).data)
  const [, what, child = ''] = CHILD_END.exec(type) ?? []
  const end = what === 'done' ? withWhat('done', doneData.safeParse(data).data) : withWhat('error', errorData.safeParse(data).data)
  return what === undefined || end === undefined || child.length > CHILD_NAME_CHARS_MAX ? undefined : { ...end, child }
}

const withWhat = <What extends string, Data extends object>(what: What, data: Data | undefined): ({ what: What } & Data) | undefined =>
  data === undefined ? undefined : { what, ...data }
