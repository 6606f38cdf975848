import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeRecord } from '../../../schemas/record-form.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { cliJson } from '../../support/run-cli.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const ACTOR = { tenant: 'acme', kind: 'toy', id: 'old' }
const RECORDS = 100_000

let system: System
let dataDir: string

/** Makes an actor with a long history: copies of its first record with rising numbers. */
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ kinds: [toyKind], dataDir, settings: { ROLES: 'host,dispatch,serve' } })
  await fetch(`${system.running.http?.url}/v1/in/acme/toy/old?wait=actor`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'add', data: { by: 1 } }),
  })
  const [first] = await readLog(system)
  if (first === undefined) throw new Error('no record')
  const { publisher } = system.running.jetstream
  const subject = logSubject(partitionOf(ACTOR, 64), ACTOR)
  for (let n = 2; n <= RECORDS; n += 1_000) {
    await Promise.all(
      Array.from({ length: Math.min(1_000, RECORDS - n + 1) }, (_, index) =>
        publisher.publish(subject, encodeRecord({ ...first.record, n: n + index, emitted: [] })),
      ),
    )
  }
})
afterAll(() => system.stop())

const state = z.object({ n: z.int(), history: z.array(z.object({ n: z.int() })).optional() })

describe(`an actor of ${RECORDS} records`, () => {
  test('decides its next input from its last record alone', async () => {
    await publishAll(system, [{ subject: 'in.acme.toy.old', body: { type: 'add', data: { by: 5 } } }])
    const last = () => system.running.jetstream.jsm.streams.getMessage('LOG', { last_by_subj: logSubject(partitionOf(ACTOR, 64), ACTOR) })
    await expect.poll(async () => (await last())?.json<{ n: number }>().n).toBe(RECORDS + 1)
    const loads = await system.running.metrics.actorLoads.get()
    expect(loads.values[0]?.value).toBeLessThanOrEqual(2)
  })

  test('is shown as of any record, and its history page by page', async () => {
    const found = await fetch(`${system.running.http?.url}/v1/actors/acme/toy/old?at=54321`)
    expect(state.parse(await found.json()).n).toBe(54_321)
    const [page] = await cliJson<unknown>(['show', 'acme/toy/old', '--at', '70000', '--limit', '3'], { dataDir })
    expect(state.parse(page).history?.map(({ n }) => n)).toEqual([69_998, 69_999, 70_000])
  })
})
