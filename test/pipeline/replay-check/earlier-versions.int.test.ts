import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kindsByName } from '../../../actors/definition/define-kind.ts'
import { createFront } from '../../../actors/kinds/front/kind.ts'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { sourceKind } from '../../../actors/kinds/source/kind.ts'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import type { Found } from '../../../pipeline/replay-check/deviation-causes.ts'
import { checkLog } from '../../../pipeline/replay-check/replay-check.ts'
import { recordSchema } from '../../../schemas/record.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const MEMORY_BYTES_MAX = 64 * 1024 * 1024
/**
 * Actors whose records the code of an earlier version made, one a line, as LOG stores them: `source`, `interest` and `support` that of
 * v0.1.0, where `support` was released as version 3; `front` the one before version 2.
 */
const RECORDED = { 'source@1': 'guide-1', 'interest@1': 'visitor-1', 'support@3': 'customer-1', 'front@1': 'c1' } as const
/**
 * What version 3 of `support` did by other words: it understood a message by a lexicon when it came, and the lookup does so today. Its
 * outcomes, states, and which events it emits and sends are the same.
 */
const OTHER_TODAY = /^(emitted\.\d+\.data\.|state\.context\.|label\.)/
const KINDS = [sourceKind, createInterest(loadCatalogue()), createSupport({ articles: loadArticles() }), createFront()]

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: KINDS, settings: { ROLES: 'tasks' } })
})
afterAll(() => system.stop())

const linesOf = async (machine: string): Promise<string[]> =>
  (await readFile(new URL(`../../support/data/recorded-${machine.replace('@', '-')}.jsonl`, import.meta.url), 'utf8')).trim().split('\n')

test('each built-in kind of a later version has the records of an earlier one', () => {
  const names = Object.keys(RECORDED).map((machine) => machine.split('@')[0])
  expect(names).toEqual(KINDS.map(({ name }) => name))
})

test.each(Object.entries(RECORDED))('colloquy check finds that today decides what %s recorded in the same way', async (machine, id) => {
  const kind = machine.split('@')[0] ?? ''
  const lines = await linesOf(machine)
  expect(new Set(lines.map((line) => recordSchema.parse(JSON.parse(line)).machine))).toEqual(new Set([machine]))
  const found: Found[] = []
  const summary = await withJetStream(system.settings, async (jetstream) => {
    const address = { tenant: 'acme', kind, id }
    const subject = logSubject(partitionOf(address, system.settings.PARTITIONS), address)
    for (const line of lines) await jetstream.js.publish(subject, line)
    return checkLog({
      jetstream,
      kinds: kindsByName(KINDS),
      kind,
      mode: 'each',
      memoryBytesMax: MEMORY_BYTES_MAX,
      onFound: (one) => found.push(one),
      onProgress: () => undefined,
    })
  })
  const paths = found.flatMap(({ differences }) => differences.map(({ path }) => path))
  expect(paths.filter((path) => kind !== 'support' || !OTHER_TODAY.test(path))).toEqual([])
  expect(summary).toMatchObject({ actors: 1, records: lines.length, skipped: 0 })
  if (kind !== 'support') expect(summary.differing).toBe(0)
})
