import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInboxTrim } from '../../../pipeline/host/inbox-trim.ts'
import { isSourcingComplete, newestSourced, SOURCED_STREAMS, sourcedAt } from '../../../pipeline/jetstream/sourcing.ts'
import { actorSubject, internalSubject } from '../../../schemas/subjects.ts'
import { caughtUp } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
})
afterAll(() => system.stop())

const address = (id: string) => ({ tenant: 'acme', kind: 'toy', id })

test('the newest message of each sourced stream is found in INBOX by its subject, whichever actor it is for', async () => {
  const { jetstream } = system.running
  expect(await isSourcingComplete(jetstream)).toBe(true)
  for (const id of ['one', 'two', 'one']) {
    await jetstream.publisher.publish(internalSubject(address(id)), JSON.stringify({ type: 'alarm' }))
    await jetstream.publisher.publish(actorSubject(address(id)), JSON.stringify({ type: 'add', source: 'another', data: { by: 1 } }))
  }
  await expect.poll(() => isSourcingComplete(jetstream)).toBe(true)
  for (const sourced of SOURCED_STREAMS) {
    const newest = await newestSourced(jetstream, sourced)
    expect(newest?.subject).toBe(`${sourced.way}.acme.toy.one`)
    expect(await sourcedAt(jetstream, sourced, newest ?? { subject: '', seq: 0 })).toBeGreaterThan(0)
    // A message that is yet to come.
    expect(await sourcedAt(jetstream, sourced, { subject: newest?.subject ?? '', seq: (newest?.seq ?? 0) + 1 })).toBeUndefined()
    expect(await sourcedAt(jetstream, sourced, { subject: `${sourced.way}.acme.toy.nobody`, seq: 1 })).toBeUndefined()
  }
})

test('resolved inputs are trimmed in INBOX and in the streams that it sources', async () => {
  const { jetstream, kv, stages } = system.running
  await caughtUp(system)
  const shares = (work: string) => [
    {
      partitions: Array.from({ length: 64 }, (_, partition) => partition),
      position: stages.get(work === 'host' ? 'host' : 'dispatch')?.status().position ?? 0,
      logSeq: 1,
    },
  ]
  const subjectsLeft = async (stream: string, filter: string): Promise<number> =>
    Object.keys((await jetstream.jsm.streams.info(stream, { subjects_filter: filter })).state.subjects ?? {}).length
  const trimming = await startInboxTrim({ jetstream, kv, shares, partitionCount: 64, everyMs: 10, keepMs: 0, log: silent })
  await expect.poll(() => subjectsLeft('TIMERS', 'int.>')).toBe(0)
  await expect.poll(() => subjectsLeft('SENT', 'act.>')).toBe(0)
  await expect.poll(async () => (await jetstream.jsm.streams.info('INBOX')).state.messages).toBe(0)
  await trimming.stop()
})
