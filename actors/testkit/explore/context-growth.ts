import fc from 'fast-check'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { World } from '../simulated-world.ts'
import type { Move } from './moves.ts'
import { type Finding, walk } from './random-walk.ts'

/** Number of walks, moves in each, and rounds for which each walk is repeated. */
const WALKS = 25
const MOVES_MAX = 3
const ROUNDS = 48
/** A context that grew in every one of the last 16 rounds may be unbounded; the rounds continue. */
const GREW_IN_LAST = 16
/**
 * The rounds continue until the context stops growing, the state is rejected as too large, or this number is reached. A list with a bound
 * of 256 stops growing before that.
 */
const ROUNDS_MAX = 400

/** Finds a short walk that makes the context grow without end when it is repeated. */
export function findGrowth(start: World, moves: fc.Arbitrary<Move>, seed: number): Finding | undefined {
  const property = fc.property(fc.array(moves, { minLength: 1, maxLength: MOVES_MAX }), (all) => growthOf(start, all) === undefined)
  const { counterexample } = fc.check(property, { numRuns: WALKS, seed, endOnFailure: false })
  const found = counterexample?.[0]
  return found === undefined || found === null ? undefined : growthOf(start, found)
}

function growthOf(start: World, moves: readonly Move[]): Finding | undefined {
  let world = start
  let bytes = 0
  let grewInARow = 0
  const first = walk(start, moves)
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { world: after, finding } = walk(world, moves)
    const rejected = finding?.code === 'state_too_large'
    if ((finding !== undefined && !rejected) || after.actor.status === 'done') return undefined
    const now = contextBytes(after)
    grewInARow = now > bytes || rejected ? grewInARow + 1 : 0
    if (round >= ROUNDS && grewInARow < GREW_IN_LAST) return undefined
    if (rejected || round === ROUNDS_MAX) {
      const end = rejected
        ? `until the state was larger than ${LIMITS.stateBytesMax} bytes and the input was rejected`
        : `to ${now} bytes, and is still growing`
      return {
        code: 'unbounded_context' satisfies ErrorCode,
        acts: first.acts,
        world: first.world,
        what: `the context grew each time this was repeated, ${round} times, ${end}. Bound the number of things it holds`,
      }
    }
    bytes = now
    // The history of so many rounds is not needed.
    world = { ...after, steps: [] }
  }
  return undefined
}

const contextBytes = ({ actor }: World): number => JSON.stringify(actor.state?.context ?? {}).length
