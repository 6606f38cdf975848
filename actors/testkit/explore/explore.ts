import { AssertionError } from 'node:assert'
import fc from 'fast-check'
import type { AnyStateNode } from 'xstate'
import { z } from 'zod'
import type { LogRecord } from '../../../schemas/record.ts'
import { type Kind, producedEvents } from '../../definition/kind.ts'
import { startByParent } from '../child-acts.ts'
import { narrativeOf } from '../failure.ts'
import { actCode, chainCode, literal } from '../scenario-code.ts'
import { createWorld, startStep, type World } from '../simulated-world.ts'
import { findGrowth } from './context-growth.ts'
import { createAtlas, findDeadEnd } from './dead-ends.ts'
import { type Move, movesOf, type ValueOptions, type Values, valuesOf } from './moves.ts'
import { type Finding, type Invariant, lastRecords, shortened, stateOf, walk } from './random-walk.ts'

/** An actor after an act of a walk. */
export interface ExploredActor<K extends Kind> {
  /** The active states as records write them. */
  readonly state: string
  readonly context: z.output<K['context']>
  /** What the act led to: its record, and those of tasks that ended at once. */
  readonly records: readonly LogRecord[]
}

/** Options of `explore`. */
export interface ExploreOptions<K extends Kind> extends ValueOptions<K> {
  /** Number of walks. Default 200. */
  readonly runs?: number
  /** Moves of a walk, at most. Default 40. */
  readonly movesMax?: number
  /** The same seed gives the same walks. Default 1. */
  readonly seed?: number
  /** States, or ancestors of states, in which an actor may stay for good although they are not final. Default: none. */
  readonly restingStates?: readonly string[]
  /** Checked after each act of a walk: says what is wrong with the actor, or returns `undefined`. Default: nothing is. */
  readonly invariant?: (actor: ExploredActor<K>) => string | undefined
  /** Inputs that a parent gives, for a kind that declares `input`. Default: generated from its schema. */
  readonly input?: Values<unknown>
  /** Id of the actor, for a kind that refuses others. Default: `actor`. */
  readonly id?: string
}

/** Statistics of the walks through a machine without a fault. */
export interface Explored {
  readonly walks: number
  /** Acts in all walks. */
  readonly acts: number
  /** Visits by state. */
  readonly states: Readonly<Record<string, number>>
  /** States that no walk reached: more walks or samples may reach them, or nothing does. States with `always` are not listed. */
  readonly unreached: readonly string[]
  /** Types of inputs that never had an effect. */
  readonly ineffective: readonly string[]
}

/**
 * Walks through a machine at random: inputs with generated data arrive, tasks end, fail and expire, timers fire, time passes.
 *
 * Finds inputs that make the machine throw, task errors without a transition, dead ends, contexts that grow without end, broken
 * invariants, and decisions that depend on more than the actor and its input. Shortens the way to a fault and prints it as a test.
 *
 * @throws AssertionError with the first fault found.
 * @throws ColloquyError `needs_samples` where values for an input or a task cannot be generated from its schema.
 */
export function explore<K extends Kind>(kind: K, options: ExploreOptions<K> = {}): Explored {
  const { runs = 200, movesMax = 40, seed = 1, restingStates = [] } = options
  const moves = movesOf(kind, options)
  const input =
    kind.input === undefined ? undefined : fc.sample(valuesOf(options.input, kind.input, 'input of the kind'), { numRuns: 1, seed })[0]
  const { world: start, code } = beginning(kind, input, options.id)
  const atlas = createAtlas()
  let acts = 0

  const wrong: Invariant = (world) => {
    const { state } = world.actor
    if (options.invariant === undefined || state === null) return undefined
    const context = z.parse<K['context']>(kind.context, state.context)
    return options.invariant({ state: stateOf(world), context, records: lastRecords(world) })
  }
  const walks = fc.array(moves, { minLength: 1, maxLength: movesMax, size: 'max' })
  const { counterexample } = fc.check(
    fc.property(walks, (all) => {
      const { finding, acts: done } = walk(start, all, atlas.observe, wrong)
      acts += done.length
      return finding === undefined
    }),
    { numRuns: runs, seed },
  )
  const finding =
    (counterexample === null ? undefined : shortest(start, counterexample[0], wrong))
    ?? findDeadEnd(start, atlas, moves, restingStates, seed)
    ?? findGrowth(start, atlas, moves, seed)
  if (finding !== undefined) throw fault(code, finding, explore)

  const states = Object.fromEntries([...atlas.states].map(([state, { visits }]) => [state, visits]))
  const reached = new Set([start.watcher.initialState, ...Object.keys(states)].flatMap((state) => state.split('+')))
  return {
    walks: runs,
    acts,
    states,
    unreached: leafPaths(kind.machine.root).filter((leaf) => !reached.has(leaf)),
    ineffective: Object.keys(producedEvents(kind)).filter((type) => !atlas.effective.has(type)),
  }
}

/** fast-check shortens a walk; this also removes the acts that the fault does not need. */
function shortest(start: World, moves: readonly Move[], wrong: Invariant): Finding | undefined {
  const found = walk(start, moves, undefined, wrong)
  const code = found.finding?.code
  return shortened(start, found, ({ finding }) => finding?.code === code, wrong).finding
}

/** A world to walk in, and the code of a test that begins with it. A kind that declares an input is started by a parent. */
function beginning(kind: Kind, input: unknown, id: string | undefined): { world: World; code: string } {
  const world = createWorld(kind, id === undefined ? {} : { id })
  const named = id === undefined ? '' : `, ${literal({ id })}`
  if (kind.input === undefined) return { world, code: `given(${kind.name}${named})` }
  return { world: startByParent(startStep(world, 'a parent starts it'), input), code: `given(${kind.name}, ${literal({ input })})` }
}

function fault(begin: string, { code, what, acts, world, repeated }: Finding, calledBy: (kind: never) => unknown): AssertionError {
  const calls = acts.map(actCode)
  if (repeated !== undefined) calls.splice(repeated.after, 0, `// This is the cycle: ${repeated.times} times.`)
  const test = chainCode(begin, calls, '  ')
  const found =
    repeated === undefined
      ? 'The shortest way found, as a test:'
      : 'The shortest way found, as a test that goes through the cycle once; the fault shows when it is repeated:'
  const prefix = code === '' || what.startsWith(`${code}: `) ? '' : `${code}: `
  const history = narrativeOf(world)
    .map((line) => `  ${line}`)
    .join('\n')
  const message = `${prefix}${what}\n\n${found}\n${test}\n\nWhat happened:\n${history}\n`
  return new AssertionError({ message, operator: 'explore', stackStartFn: calledBy })
}

/** The leaf states of a machine, as records write them. */
function leafPaths(node: AnyStateNode): string[] {
  const inside = Object.values(node.states)
  if (inside.length > 0) return inside.flatMap(leafPaths)
  // An actor never rests in a state with `always`.
  return node.type === 'history' || node.path.length === 0 || (node.always?.length ?? 0) > 0 ? [] : [node.path.join('.')]
}
