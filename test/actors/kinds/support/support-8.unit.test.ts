import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { replayRecord } from '../../../../actors/core/replay.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { isRecord } from '../../../../schemas/record-check.ts'
import { support } from '../../../support/support-harness.ts'

/** Histories that version 8 recorded, one a line. */
const histories = readFileSync(new URL('../../../support/data/support-8.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')

test.each(histories)('version 9 without a desk decides what version 8 recorded in the same way (%#)', (line) => {
  const history: unknown = JSON.parse(line)
  const records = Array.isArray(history) ? history.filter(isRecord) : []
  expect(records.length).toBeGreaterThan(5)
  let before = newActor({ tenant: 'acme', kind: 'support', id: 'c1' })
  for (const record of records) {
    expect(record.machine).toBe('support@8')
    const replayed = replayRecord(kindsByName([support]), before, record)
    expect(replayed.kind === 'differs' ? replayed.deviation : replayed.kind).toBe('same')
    before = actorAfter(before.address, record)
  }
})
