import fc from 'fast-check'
import { counted } from '../../../schemas/counted.ts'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { Act } from '../acts.ts'
import type { World } from '../simulated-world.ts'
import type { Atlas } from './dead-ends.ts'
import type { Move } from './moves.ts'
import { type Finding, shortened, stateOf, type Walk, walk } from './random-walk.ts'

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

/** Reached states from which walks are repeated, too. */
const STATES_MAX = 60
/** From a reached state, a walk that did not let the context grow in so many rounds is given up. */
const ROUNDS_TO_GROW = 6

/** Moves that are drawn for cycles, and how many of a sort are tried at each step. */
const DRAWN = 128
const OF_A_SORT_MAX = 2
/** Cycles of a state that are repeated. */
const REPEATED_MAX = 4

/**
 * Finds a short walk that makes the context grow without end when it is repeated: from the start, and from each state that the walks of an
 * atlas have reached. From those, the short cycles are tried first, and then random walks.
 */
export function findGrowth(start: World, { states }: Atlas, moves: fc.Arbitrary<Move>, seed: number): Finding | undefined {
  const walks = fc.array(moves, { minLength: 1, maxLength: MOVES_MAX })
  const repeated = (from: World, roundsToGrow: number): readonly Move[] | undefined => {
    const property = fc.property(walks, (all) => growthOf(from, all, roundsToGrow) === undefined)
    return fc.check(property, { numRuns: WALKS, seed, endOnFailure: false }).counterexample?.[0]
  }
  const tried = triedMoves(moves, seed)
  const first = repeated(start, ROUNDS)
  if (first !== undefined) return growthOf(start, first, ROUNDS)
  for (const [state, { world, acts }] of [...states].slice(0, STATES_MAX)) {
    if (world.actor.status !== 'active') continue
    const found = growingCycle(world, tried) ?? repeated(world, ROUNDS_TO_GROW)
    if (found === undefined) continue
    const isSame = (way: Walk): boolean =>
      way.finding === undefined && stateOf(way.world) === state && growthOf(way.world, found, ROUNDS_TO_GROW) !== undefined
    const way = shortened(start, { acts, world, finding: undefined }, isSame)
    return growthOf(way.world, found, ROUNDS_TO_GROW, way.acts)
  }
  return undefined
}

/** A few moves of each sort. */
function triedMoves(moves: fc.Arbitrary<Move>, seed: number): readonly Move[] {
  const bySort = Map.groupBy(fc.sample(moves, { numRuns: DRAWN, seed }), sortOf)
  return [...bySort.values()].flatMap((ofSort) => ofSort.slice(0, OF_A_SORT_MAX))
}

const sortOf = (move: Move): string =>
  move.move === 'event' ? `event ${move.type}` : 'how' in move ? `${move.move} ${move.how}` : move.move

/**
 * The shortest walk that comes back to its state with a larger context, and does so each time it is repeated. Only one way to each state is
 * followed.
 */
function growingCycle(from: World, moves: readonly Move[]): readonly Move[] | undefined {
  const [state, bytes] = [stateOf(from), contextBytes(from)]
  const reached = new Set([state])
  let ways: readonly { readonly world: World; readonly way: readonly Move[] }[] = [{ world: from, way: [] }]
  let repeated = 0
  for (let length = 1; length <= MOVES_MAX; length++) {
    const longer: { world: World; way: readonly Move[] }[] = []
    for (const { world, way } of ways) {
      for (const move of moves) {
        const { world: after, acts, finding } = walk(world, [move])
        if (acts.length === 0 || finding !== undefined || after.actor.status !== 'active') continue
        const [now, cycle] = [stateOf(after), [...way, move]]
        if (now === state && contextBytes(after) > bytes && repeated++ < REPEATED_MAX) {
          if (growthOf(from, cycle, ROUNDS_TO_GROW) !== undefined) return cycle
        }
        if (reached.has(now)) continue
        reached.add(now)
        longer.push({ world: after, way: cycle })
      }
    }
    ways = longer
  }
  return undefined
}

/**
 * @param way the acts that led to `start`
 * @returns `undefined` if the context stops growing
 */
function growthOf(start: World, moves: readonly Move[], roundsToGrow: number, way: readonly Act[] = []): Finding | undefined {
  let world = start
  let bytes = contextBytes(start)
  let grewInARow = 0
  let hasGrown = false
  const first = walk(start, moves)
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { world: after, finding } = walk(world, moves)
    const rejected = finding?.code === 'state_too_large'
    if ((finding !== undefined && !rejected) || after.actor.status === 'done') return undefined
    const now = contextBytes(after)
    grewInARow = now > bytes || rejected ? grewInARow + 1 : 0
    // The first round may only begin: the machine starts, or leaves the state.
    hasGrown ||= round > 1 && grewInARow > 0
    if ((round >= roundsToGrow && !hasGrown) || (round >= ROUNDS && grewInARow < GREW_IN_LAST)) return undefined
    if (rejected || round === ROUNDS_MAX) {
      const end = rejected
        ? `until the state was larger than ${LIMITS.stateBytesMax} bytes and the input was rejected`
        : `to ${now} bytes, and is still growing`
      const what = way.length === 0 ? 'this was repeated' : `what follows the first ${counted(way.length, 'step')} was repeated`
      return {
        code: 'unbounded_context' satisfies ErrorCode,
        acts: [...way, ...first.acts],
        repeated: { after: way.length, times: round },
        world: first.world,
        what: `the context grew each time ${what}, ${round} times, ${end}. Bound the number of things it holds`,
      }
    }
    bytes = now
    // The history of so many rounds is not needed.
    world = { ...after, steps: [] }
  }
  return undefined
}

const contextBytes = ({ actor }: World): number => JSON.stringify(actor.state?.context ?? {}).length
