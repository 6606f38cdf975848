import { describe, expect, test } from 'vitest'
import { newStrategy, type StrategyContext, withArms, withChoice, withReward } from '../../../../actors/kinds/strategy/choices.ts'
import { betaFrom } from '../../../../actors/kinds/strategy/thompson.ts'
import { armSchema } from '../../../../schemas/writing-events.ts'

const DRAWS = 20_000

describe('numbers of the beta distribution', () => {
  test.each([
    [1, 1],
    [2, 5],
    [30.5, 12.25],
    [1, 400],
  ])('with %d and %d have its mean and its variance', (alpha, beta) => {
    const drawn = Array.from({ length: DRAWS }, (_, index) => betaFrom(`seed-${index}`, alpha, beta))
    const sum = alpha + beta
    const [mean, variance] = [alpha / sum, (alpha * beta) / (sum ** 2 * (sum + 1))]
    const found = drawn.reduce((all, one) => all + one, 0) / DRAWS
    // Five standard errors; the seeds are fixed, so that the test passes always or never.
    expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(variance / DRAWS))
    const foundVariance = drawn.reduce((all, one) => all + (one - found) ** 2, 0) / DRAWS
    expect(foundVariance / variance).toBeGreaterThan(0.93)
    expect(foundVariance / variance).toBeLessThan(1.07)
  })

  test('are the same for the same seed, on every machine', () => {
    expect([betaFrom('a', 3, 7), betaFrom('b', 3, 7)]).toEqual([0.16063019003318718, 0.2293540657037055])
  })
})

const ROUNDS = 2_000

/** Rewards of arms are 1 or 0 by these probabilities; the chance of a round does not depend on the arm. */
function simulate(rates: Readonly<Record<string, number>>, seed: string): { readonly share: number; readonly regret: number } {
  const best = Math.max(...Object.values(rates))
  const arms = Object.keys(rates).map((id) => armSchema.parse({ id }))
  let context: StrategyContext = withArms(newStrategy, arms, '0s').context
  let [regret, lateBest] = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    const choice = `c-${round}`
    const made = withChoice(context, choice, `${seed} ${round}`)
    const rate = rates[made.arm.id] ?? 0
    regret += best - rate
    if (round >= ROUNDS / 2 && rate === best) lateBest += 1
    context = withReward(made.context, choice, betaFrom(`${seed} chance ${round}`, 1, 1) < rate ? 1 : 0)
  }
  return { share: lateBest / (ROUNDS / 2), regret }
}

describe('a bandit over arms of known rewards', () => {
  const RATES = { plain: 0.35, short: 0.45, friendly: 0.6, formal: 0.4 }
  const uniform = ROUNDS * (0.6 - (0.35 + 0.45 + 0.6 + 0.4) / 4)

  test.each(['one', 'two', 'three', 'four', 'five'])('converges to the best one, with the seed %s', (seed) => {
    const { share, regret } = simulate(RATES, seed)
    expect(share).toBeGreaterThan(0.9)
    expect(regret).toBeLessThan(uniform / 4)
  })

  test('is the same each time with one seed', () => {
    expect(simulate(RATES, 'one')).toEqual(simulate(RATES, 'one'))
    expect(simulate(RATES, 'one')).not.toEqual(simulate(RATES, 'two'))
  })

  test('tries equal arms equally at first', () => {
    const { context } = withArms(
      newStrategy,
      ['a', 'b', 'c', 'd'].map((id) => armSchema.parse({ id })),
      '0s',
    )
    const chosen = Array.from({ length: 4_000 }, (_, index) => withChoice(context, `c-${index}`, `seed ${index}`).arm.id)
    for (const id of ['a', 'b', 'c', 'd']) {
      const count = chosen.filter((one) => one === id).length
      expect(Math.abs(count - 1_000)).toBeLessThan(140)
    }
  })

  test('draws for an arm what it would draw without the others', () => {
    const of = (...ids: string[]) =>
      withArms(
        newStrategy,
        ids.map((id) => armSchema.parse({ id })),
        '0s',
      ).context
    expect(withChoice(of('a', 'b'), 'c', 'seed').samples['a']).toBe(withChoice(of('z', 'a'), 'c', 'seed').samples['a'])
  })
})
