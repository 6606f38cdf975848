import { CHILD_START, CHILD_STOP, childDoneType, childErrorType } from '../../schemas/child-messages.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { TaskError } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Case, PendingChild, Sent } from '../../schemas/record.ts'
import type { Kind } from '../definition/kind.ts'
import { sentBytes } from './effect-payloads.ts'

/** The actor that started an actor as its child. */
export type Parent = NonNullable<Case['parent']>

/** The characters of the parent's id at the beginning of a child's id. They tell people where it comes from; the rest is unique. */
const PARENT_CHARS = 64

/** The id of a child actor. Its length has a bound at any depth. @param run the run of the child, unique in the cluster */
export const childActorId = (parentId: string, run: string): string => `${parentId.slice(0, PARENT_CHARS)}-${run}`

/** A child that a decision starts. */
export interface StartedChild {
  readonly run: string
  readonly pending: PendingChild
  /** Levels of parents above the child. */
  readonly depth: number
  readonly input: unknown
}

/** The message that starts a child. */
export const startOfChild = (id: string, { run, pending: { kind, actor, child }, depth, input }: StartedChild): Sent => ({
  id,
  kind,
  actor,
  type: CHILD_START,
  data: { run, child, depth, ...(input !== undefined && { input }) },
})

/** The message that stops a child with all that it has started. */
export const stopOfChild = (id: string, run: string, { kind, actor }: Pick<PendingChild, 'kind' | 'actor'>): Sent => ({
  id,
  kind,
  actor,
  type: CHILD_STOP,
  data: { run },
})

/** How an actor ended, for its parent. */
export type ChildOutcome = { readonly output: unknown } | { readonly error: TaskError }

/** The message that tells a parent of the end of its child. */
export const endForParent = (id: string, { kind, id: actor, run, child }: Parent, outcome: ChildOutcome): Sent => ({
  id,
  kind,
  actor,
  type: 'error' in outcome ? childErrorType(child) : childDoneType(child),
  data: { run, ...outcome },
})

/**
 * Returns the input of a child unchanged.
 *
 * @param src the name of its kind in the parent's machine
 * @throws ColloquyError `bad_child_input` where it is not JSON, or does not match the `input` of the child's kind.
 */
export function childInput(kind: Kind, src: string, input: unknown): unknown {
  const refuse = (what: string): never => {
    throw new ColloquyError('bad_child_input', what)
  }
  const schema = kind.children[src]?.input
  if (schema === undefined) {
    return input === undefined
      ? undefined
      : refuse(`child "${src}" gets an input, and its kind declares none: state "input" in defineKind of it`)
  }
  // As the message has it: its nesting counts.
  const problem = jsonProblem({ data: { input } })
  if (problem !== undefined) refuse(`input of child "${src}": ${problem}`)
  const bytes = input === undefined ? 0 : sentBytes(input)
  if (bytes > LIMITS.inputBytesMax) {
    refuse(`input of child "${src}": ${bytes} bytes with its envelope; the limit of an input is ${LIMITS.inputBytesMax}`)
  }
  const checked = schema.safeParse(input, IN_WORDS)
  if (!checked.success) refuse(zodProblem(checked.error, `input of child "${src}"`))
  return input
}

/** @throws ColloquyError `too_many_children`, `children_too_deep` */
export function checkBounds(running: number, depth: number): void {
  if (running > LIMITS.childrenMax) {
    throw new ColloquyError('too_many_children', `more than ${LIMITS.childrenMax} children of one actor would be running`)
  }
  if (depth > LIMITS.childDepthMax) {
    throw new ColloquyError('children_too_deep', `the child would have more than ${LIMITS.childDepthMax} levels of parents above it`)
  }
}
