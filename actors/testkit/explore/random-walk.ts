import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { statePath } from '../../core/snapshot.ts'
import { isEnded } from '../../core/transition.ts'
import { type Act, perform } from '../acts.ts'
import { complaintText } from '../failure.ts'
import type { World } from '../simulated-world.ts'
import { actOf, type Move } from './moves.ts'

/** A fault of a machine, and the way to it. */
export interface Finding {
  /** A code of the catalogue, or the code at the beginning of a record's error. */
  readonly code: string
  readonly what: string
  readonly acts: readonly Act[]
  readonly world: World
  /** The fault shows only where the acts after the first ones are done so many times. */
  readonly repeated?: { readonly after: number; readonly times: number }
}

/** The result of a walk. */
export interface Walk {
  readonly world: World
  /** The acts performed; moves without an act are left out. */
  readonly acts: readonly Act[]
  readonly finding: Finding | undefined
}

/** Called for every act, with the world before it and after it. */
export type Observer = (before: World, act: Act, after: World, acts: readonly Act[]) => void

/** Says what is wrong with an actor; `undefined` where nothing is. */
export type Invariant = (after: World) => string | undefined

const noInvariant: Invariant = () => undefined

/** Makes the moves in order, until they are used up, the actor has ended, or a fault is found. */
export function walk(start: World, moves: readonly Move[], observe: Observer = () => undefined, invariant = noInvariant): Walk {
  let world = start
  const acts: Act[] = []
  for (const move of moves) {
    if (isEnded(world.actor)) break
    const act = actOf(world, move)
    if (act === undefined) continue
    acts.push(act)
    const after = performOrThrow(world, act)
    const wrong = problemOf(after, invariant)
    if (wrong !== undefined) return { world: after, acts, finding: { ...wrong, acts, world: after } }
    observe(world, act, after, acts)
    world = after
  }
  return { world, acts, finding: undefined }
}

/** Performs the same acts again, up to the first fault; undefined where an act is impossible. */
function retrace(start: World, acts: readonly Act[], invariant: Invariant): Walk | undefined {
  let world = start
  for (const act of acts) {
    const after = perform(world, act)
    if (typeof after === 'string') return undefined
    const wrong = problemOf(after, invariant)
    if (wrong !== undefined) return { world: after, acts, finding: { ...wrong, acts, world: after } }
    world = after
  }
  return { world, acts, finding: undefined }
}

/** Removes acts from a walk as long as `holds` stays true without them. */
export function shortened(start: World, found: Walk, holds: (walk: Walk) => boolean, invariant = noInvariant): Walk {
  let shortest = found
  for (let index = found.acts.length - 1; index >= 0; index--) {
    const without = shortest.acts.filter((_, at) => at !== index)
    const again = without.length === 0 ? undefined : retrace(start, without, invariant)
    if (again !== undefined && holds(again)) shortest = again
  }
  return shortest
}

function performOrThrow(world: World, act: Act): World {
  const after = perform(world, act)
  if (typeof after === 'string') throw new ColloquyError('impossible_move', after)
  return after
}

/** The records of the last act. */
export const lastRecords = ({ steps }: World): readonly LogRecord[] => steps.at(-1)?.records ?? []

/** The active states as records write them; before the first input, the initial ones. */
export const stateOf = ({ actor, watcher }: World): string => (actor.state === null ? watcher.initialState : statePath(actor.state))

/** Whether the last act changed the state or had an effect outside. Effects of the machine's start do not count. */
export const hasEffect = (before: World, after: World): boolean =>
  stateOf(before) !== stateOf(after)
  || (before.actor.state !== null
    && lastRecords(after).some((record) => record.emitted.length + record.started.length + (record.sent?.length ?? 0) > 0))

function problemOf(after: World, invariant: Invariant): { code: string; what: string } | undefined {
  if (after.complaint !== undefined) return { code: after.complaint.code, what: complaintText(after.complaint) }
  for (const { reason, error, status, input } of lastRecords(after)) {
    if (reason === 'poison') {
      return { code: codeIn(error) ?? 'poison', what: `the input "${input.type}" was rejected as "poison": ${error}` }
    }
    if (reason === 'state_too_large') return { code: reason, what: `the input "${input.type}" was rejected: ${error}` }
    if (status === 'error' && after.watcher.kind.onTaskError !== 'end') {
      return {
        code: 'unhandled_error' satisfies ErrorCode,
        what: `the actor ended with an error that no transition handles: ${error ?? 'unknown'}`,
      }
    }
  }
  const broken = invariant(after)
  return broken === undefined ? undefined : { code: 'broken_invariant' satisfies ErrorCode, what: broken }
}

/** The code at the beginning of a record's error. */
const codeIn = (error: string | undefined): string | undefined => /^([a-z_]+): /.exec(error ?? '')?.[1]
