import fc from 'fast-check'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import type { Act } from '../acts.ts'
import { isIn, type World } from '../simulated-world.ts'
import type { Move } from './moves.ts'
import { type Finding, hasEffect, shortened, stateOf, walk } from './random-walk.ts'

/** A state that walks reached: the shortest way to it, the number of visits, and whether anything led on from it. */
export interface Visited {
  readonly world: World
  readonly acts: readonly Act[]
  readonly visits: number
  readonly leadsOn: boolean
}

/** The states of all walks, by path. */
export interface Atlas {
  readonly states: ReadonlyMap<string, Visited>
  /** Types of inputs that had an effect. */
  readonly effective: ReadonlySet<string>
  observe(before: World, act: Act, after: World, acts: readonly Act[]): void
}

/** An atlas without states; `observe` adds each act of a walk. */
export function createAtlas(): Atlas {
  const states = new Map<string, Visited>()
  const effective = new Set<string>()
  return {
    states,
    effective,
    observe(before, act, after, acts) {
      if (after.actor.state === null) return
      const has = hasEffect(before, after)
      const from = states.get(stateOf(before))
      if (from !== undefined && has) states.set(stateOf(before), { ...from, leadsOn: true })
      if (act.act === 'when' && (has || changesContext(before, after))) effective.add(act.type)
      const known = states.get(stateOf(after))
      const isShorter = known === undefined || acts.length < known.acts.length
      states.set(stateOf(after), {
        leadsOn: known?.leadsOn ?? false,
        visits: (known?.visits ?? 0) + 1,
        world: isShorter ? after : known.world,
        acts: isShorter ? [...acts] : known.acts,
      })
    },
  }
}

const changesContext = (before: World, after: World): boolean =>
  before.actor.state !== null && JSON.stringify(before.actor.state.context) !== JSON.stringify(after.actor.state?.context)

/** Short walks to try from a state before calling it a dead end, and moves in each. */
const TRIES = 150
const MOVES_MAX = 6

/** The state of a machine without states, which cannot be a dead end. */
const WITHOUT_STATES = ''

/** Finds the first state that is not final and from which no walk led to another state or had an effect outside. */
export function findDeadEnd(
  start: World,
  atlas: Atlas,
  moves: fc.Arbitrary<Move>,
  allowed: readonly string[],
  seed: number,
): Finding | undefined {
  for (const [state, { world, acts, leadsOn }] of atlas.states) {
    if (leadsOn || state === WITHOUT_STATES || world.actor.status !== 'active' || allowed.some((one) => isIn(state, one))) continue
    if (leadsSomewhere(world, moves, seed)) continue
    const { acts: way, world: there } = shortened(
      start,
      { acts, world, finding: undefined },
      (again) => again.finding === undefined && stateOf(again.world) === state,
    )
    const what =
      `nothing leads on from the state "${state}", which is not final: ${TRIES} short walks from there changed no state and had no effect. `
      + 'Make it final, or add a transition; if it needs particular inputs, give samples; if it is intended, list it in "restingStates"'
    return { code: 'dead_end' satisfies ErrorCode, what, acts: way, world: there }
  }
  return undefined
}

function leadsSomewhere(from: World, moves: fc.Arbitrary<Move>, seed: number): boolean {
  for (const tries of fc.sample(fc.array(moves, { minLength: 1, maxLength: MOVES_MAX }), { numRuns: TRIES, seed })) {
    let hasProgressed = false
    walk(from, tries, (before, _, after) => {
      hasProgressed ||= hasEffect(before, after)
    })
    if (hasProgressed) return true
  }
  return false
}
