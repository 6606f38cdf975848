import { expect, test } from 'vitest'
import { chooseVersion } from '../../../pipeline/prompts/choose-version.ts'

const actors = Array.from({ length: 10_000 }, (_, index) => `customer-${index}`)
const release = (share: number, version = 2) => ({ version, share, before: 1 })
const chosen = (share: number, version = 2): Set<string> =>
  new Set(actors.filter((actorId) => chooseVersion({ tenant: 'acme', name: 'answer', actorId }, release(share, version)) === version))

test('a share of the actors gets the new version, the others the one before', () => {
  expect([...chosen(0)]).toEqual([])
  expect(chosen(1).size).toBe(actors.length)
  for (const share of [0.01, 0.1, 0.5, 0.9]) expect(chosen(share).size / actors.length).toBeCloseTo(share, 1)
})

test('an actor that has got the new version keeps it while the share grows', () => {
  const shares = [0.01, 0.05, 0.1, 0.3, 0.31, 0.7, 1].map((share) => chosen(share))
  for (const [index, before] of shares.entries()) expect(before.isSubsetOf(shares[index + 1] ?? before)).toBe(true)
})

test('the choice is the same in every process, and its actors differ from version to version', () => {
  const use = { tenant: 'acme', name: 'answer' }
  const choices = ['a', 'b', 'c', '客户', 'e', 'f'].map((actorId) => chooseVersion({ ...use, actorId }, release(0.5)))
  expect(choices).toMatchInlineSnapshot(`
    [
      1,
      2,
      2,
      1,
      2,
      1,
    ]
  `)
  const both = chosen(0.1).intersection(chosen(0.1, 3)).size
  expect(both).toBeGreaterThan(50)
  expect(both).toBeLessThan(200)
})
