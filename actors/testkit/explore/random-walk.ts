import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { statePath } from '../../core/snapshot.ts'
import { perform, type Act } from '../acts.ts'
import { complaintText } from '../failure.ts'
import type { World } from '../simulated-world.ts'
import { actOf, type Move } from './moves.ts'

/** What is wrong with a machine, and the way there. */
export interface Finding {
  /** Of the catalogue, or what stands at the head of a record's error. */
  readonly code: string
  readonly what: string
  readonly acts: readonly Act[]
  readonly world: World
}

export interface Walk {
  readonly world: World
  /** What was done, moves that came to nothing left out. */
  readonly acts: readonly Act[]
  readonly finding: Finding | undefined
}

/** Told of every act: the state before it, the world after it. */
export type Observer = (before: World, act: Act, after: World, acts: readonly Act[]) => void

/** Makes the moves one after the other, until they are done, the actor has ended or something is wrong. */
export function walk(start: World, moves: readonly Move[], observe: Observer = () => undefined): Walk {
  let world = start
  const acts: Act[] = []
  for (const move of moves) {
    if (world.actor.status === 'done') break
    const act = actOf(world, move)
    if (act === undefined) continue
    acts.push(act)
    const after = performSurely(world, act)
    const wrong = problemOf(after)
    if (wrong !== undefined) return { world: after, acts, finding: { ...wrong, acts, world: after } }
    observe(world, act, after, acts)
    world = after
  }
  return { world, acts, finding: undefined }
}

/** Does the same acts again, up to the first that shows something wrong; `undefined` where one of them cannot be done. */
function retrace(start: World, acts: readonly Act[]): Walk | undefined {
  let world = start
  for (const act of acts) {
    const after = perform(world, act)
    if (typeof after === 'string') return undefined
    const wrong = problemOf(after)
    if (wrong !== undefined) return { world: after, acts, finding: { ...wrong, acts, world: after } }
    world = after
  }
  return { world, acts, finding: undefined }
}

/** A walk without the acts that it does not need to come to where it holds. */
export function shortened(start: World, found: Walk, holds: (walk: Walk) => boolean): Walk {
  let shortest = found
  for (let index = found.acts.length - 1; index >= 0; index--) {
    const without = shortest.acts.filter((_, at) => at !== index)
    const again = without.length === 0 ? undefined : retrace(start, without)
    if (again !== undefined && holds(again)) shortest = again
  }
  return shortest
}

function performSurely(world: World, act: Act): World {
  const after = perform(world, act)
  if (typeof after === 'string') throw new ColloquyError('impossible_move', after)
  return after
}

export const lastRecords = ({ steps }: World): readonly LogRecord[] => steps.at(-1)?.records ?? []

export const stateOf = ({ actor, watcher }: World): string => (actor.state === null ? watcher.initialState : statePath(actor.state))

/** Whether the last act changed the state or did something outside. What a machine does at its start is no input's doing. */
export const hasEffect = (before: World, after: World): boolean => stateOf(before) !== stateOf(after)
  || (before.actor.state !== null) && lastRecords(after).some((record) => record.emitted.length + record.started.length + (record.sent?.length ?? 0) > 0)

function problemOf(after: World): { code: string; what: string } | undefined {
  if (after.complaint !== undefined) return { code: after.complaint.code, what: complaintText(after.complaint) }
  for (const { reason, error, status, input } of lastRecords(after)) {
    if (reason === 'poison') return { code: codeIn(error) ?? 'poison', what: `the input "${input.type}" was rejected as "poison": ${error}` }
    if (reason === 'state_too_large') return { code: reason, what: `the input "${input.type}" was rejected: ${error}` }
    if (status === 'error') return { code: 'unhandled_error' satisfies ErrorCode, what: `the actor ended with an error that nothing in the machine takes: ${error ?? 'unknown'}` }
  }
  return undefined
}

/** The code that stands at the head of a record's error. */
const codeIn = (error: string | undefined): string | undefined => /^([a-z_]+): /.exec(error ?? '')?.[1]
