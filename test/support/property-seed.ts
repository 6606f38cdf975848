import { randomInt } from 'node:crypto'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    readonly propertySeed: number
  }
}

/** Draws the seed of all property tests of this run and prints it; `PROPERTY_SEED` repeats an earlier run. */
export default function provideSeed(project: TestProject): void {
  const propertySeed = Number(process.env['PROPERTY_SEED'] ?? randomInt(2 ** 31))
  project.provide('propertySeed', propertySeed)
  process.stdout.write(`property tests: PROPERTY_SEED=${propertySeed}\n`)
}
