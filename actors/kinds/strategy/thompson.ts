import { hash } from 'node:crypto'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** What was learned of an arm. */
export interface ArmCounts {
  /** Number of rewards. */
  readonly rewarded: number
  /** Their sum; each is 0 to 1. */
  readonly reward: number
}

type Uniform = () => number

/** Uniform numbers in [0, 1) that follow from a text: the same ones on every machine. */
function uniformFrom(seed: string): Uniform {
  const bytes = hash('sha256', seed, 'buffer')
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => bytes.readInt32LE(at)))
  return () => uniformFloat64(generator)
}

/** A number of the standard normal distribution. Method: G. Marsaglia and T. A. Bray, polar method, 1964. */
function normalFrom(uniform: Uniform): number {
  for (;;) {
    const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1]
    const square = x * x + y * y
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
  }
}

/**
 * A number of the gamma distribution with the scale 1. Each round ends it with a probability above 0.95. Method: G. Marsaglia and W. W.
 * Tsang, "A Simple Method for Generating Gamma Variables", 2000.
 *
 * @param shape from 1
 */
function gammaFrom(uniform: Uniform, shape: number): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normalFrom(uniform)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** A number of the beta distribution: of two gammas, the share of the first. Both parameters from 1. */
export function betaFrom(seed: string, alpha: number, beta: number): number {
  const uniform = uniformFrom(seed)
  const first = gammaFrom(uniform, alpha)
  return first / (first + gammaFrom(uniform, beta))
}

/**
 * Draws what each arm may be worth: a number of Beta(1 + rewards, 1 + what the rewards lack of 1). The arm with the largest one is the
 * choice: so an arm is chosen as often as it is likely to be the best one (W. R. Thompson, 1933). The seed decides all: a replay draws the
 * same. The numbers of an arm do not depend on the other arms.
 */
export function drawSamples<A extends ArmCounts & { readonly id: string }>(
  arms: readonly A[],
  seed: string,
): readonly (readonly [A, number])[] {
  return arms.map((arm) => [arm, betaFrom(`${seed}\n${arm.id}`, 1 + arm.reward, 1 + arm.rewarded - arm.reward)] as const)
}
