import { CHILD_START, CHILD_STOP, childDoneType, childErrorType } from '../../schemas/child-messages.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { TaskError } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { PendingChild } from '../../schemas/record.ts'
import { actorSource, type Address } from '../../schemas/subjects.ts'
import { pendingRunsOf } from '../core/snapshot.ts'
import type { Kind } from '../definition/kind.ts'
import { actorMessage, deliver, type World } from './simulated-world.ts'

/** The parent of an actor that a test starts as a child, and the run by which it is one. */
const PARENT = { kind: 'parent', id: 'parent' }
const RUN = 'run-of-the-test'

const fromParent = ({ address: { tenant } }: World, type: string, data: object): object => ({
  type,
  id: `${type}:${RUN}`,
  source: actorSource({ tenant, ...PARENT }),
  data,
})

/** The actor as a parent starts it. */
export const startByParent = (world: World, input: unknown): World =>
  deliver(world, actorMessage(fromParent(world, CHILD_START, { run: RUN, child: 'child', depth: 1, input })))

/** The parent of the actor stops it. Nothing happens where no parent started it. */
export const stopByParent = (world: World): World => deliver(world, actorMessage(fromParent(world, CHILD_STOP, { run: RUN })))

/** The running children of an actor, oldest first. */
export const runningChildren = ({ actor }: World): readonly (readonly [run: string, child: PendingChild])[] =>
  Object.entries(pendingRunsOf(actor.state).children)

/** A child of this name ends; a text where none is running. */
export function endChild(
  world: World,
  started: World,
  name: string,
  end: { readonly output: unknown } | { readonly error: TaskError },
): World | string {
  const found = runningChildren(world).find(([, { child }]) => child === name)
  if (found === undefined) {
    const names = runningChildren(world).map(([, { child }]) => `"${child}"`)
    return `no child "${name}" is running; running: ${names.join(', ') || 'none'}`
  }
  const [run, { kind, actor }] = found
  const child: Address = { tenant: world.address.tenant, kind, id: actor }
  const type = 'output' in end ? childDoneType(name) : childErrorType(name)
  return deliver(started, actorMessage({ type, id: `${type}:${run}`, source: actorSource(child), data: { run, ...end } }))
}

/**
 * Returns the output unchanged.
 *
 * @param src the name of the child's kind in the machine
 * @throws ColloquyError `bad_stub` where it does not match the `output` of the child's kind
 */
export function fitChildOutput(kind: Kind, src: string, output: unknown): unknown {
  const problem = output === undefined ? undefined : jsonProblem(output)
  const checked = kind.children[src]?.output?.safeParse(output, IN_WORDS)
  const what = problem ?? (checked?.success === false ? zodProblem(checked.error, 'output') : undefined)
  if (what !== undefined) {
    throw new ColloquyError('bad_stub', `the output given for a child of "${src}" does not match its kind: ${what}; correct it in the test`)
  }
  return output
}
