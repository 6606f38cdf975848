import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProducer, NotAcknowledgedError } from '../../../infra/index.ts'
import { startInboxTrim } from '../../../pipeline/host/inbox-trim.ts'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const add = (id: string) => ({ type: 'add', data: { by: 1 }, id })

describe('one actor among many', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks' } })
  })
  afterAll(() => system.stop())

  test('an actor with half of all traffic delays others by no more than twice the inputs in flight, and keeps its own order', async () => {
    const IN_FLIGHT = system.settings.IN_FLIGHT_MAX
    const total = 4_000
    await publishAll(
      system,
      Array.from({ length: total }, (_, i) => ({ subject: `in.acme.toy.${i % 2 === 0 ? 'hot' : `cool-${i % 500}`}`, body: add(`h-${i}`) })),
    )
    await caughtUp(system)
    const entries = (await readLog(system)).filter(({ actor, record }) => record.input.id.startsWith('h-') && /hot|cool/.test(actor))
    expect(entries).toHaveLength(total)
    const hot = entries.filter(({ actor }) => actor === 'acme/toy/hot')
    expect(hot.map(({ record }) => record.input.id)).toEqual(Array.from({ length: total / 2 }, (_, i) => `h-${i * 2}`))
    let furthest = 0
    for (const { record } of entries) {
      expect(furthest - record.inbox.seq).toBeLessThan(2 * IN_FLIGHT)
      furthest = Math.max(furthest, record.inbox.seq)
    }
  })
})

test('when storage runs out INBOX refuses first, LOG still has room, and inputs stay until they are committed and dispatched', async () => {
  const dataDir = await temporaryFolder()
  const settings = { STORAGE_BYTES_MAX: String(64 * 1024 * 1024) }
  const note = (i: number) => ({
    tenant: 'acme',
    kind: 'toy',
    id: `a${i % 9}`,
    type: 'note',
    data: { text: 'x'.repeat(40_000) },
    messageId: `n-${i}`,
  })
  const infoOf = async ({ running: { jetstream } }: System, stream: string) => (await jetstream.jsm.streams.info(stream)).state
  /** Trims INBOX by the positions that the stages of a system report, as the trimmer does, but without its delay. */
  const trimNow = async ({ running: { jetstream, kv, stages } }: System): Promise<void> => {
    const partitions = Array.from({ length: 64 }, (_, partition) => partition)
    const { last_seq: logSeq } = (await jetstream.jsm.streams.info('LOG')).state
    const shares = (work: string) => {
      const stage = stages.get(work === 'host' ? 'host' : 'dispatch')
      return stage === undefined ? [] : [{ partitions, position: stage.status().position, logSeq }]
    }
    const trimming = await startInboxTrim({ jetstream, kv, shares, partitionCount: 64, everyMs: 10, keepMs: 0, log: silent })
    const before = (await jetstream.jsm.streams.info('INBOX')).state.first_seq
    await expect
      .poll(async () => (await jetstream.jsm.streams.info('INBOX')).state.first_seq, { timeout: 1_000 })
      .not.toBe(before)
      .catch(() => undefined)
    await trimming.stop()
  }
  try {
    const acknowledged: string[] = []
    const undecided = await startSystem({ dataDir, kinds: [toyKind], settings: { ...settings, ROLES: 'dispatch' } })
    const producer = await createProducer(undecided.producer)
    let refused: unknown
    for (let i = 0; refused === undefined && i < 2_000; i++) {
      await producer.publish(note(i), { timeoutMs: 400 }).then(
        ({ id }) => acknowledged.push(id),
        (error: unknown) => {
          refused = error
        },
      )
    }
    expect(refused).toBeInstanceOf(NotAcknowledgedError)
    expect(refused).toMatchObject({ message: expect.stringContaining('it is full until hosts have caught up') as string })
    await trimNow(undecided)
    expect(await infoOf(undecided, 'INBOX')).toMatchObject({ first_seq: 1, messages: acknowledged.length })
    await producer.close()
    await undecided.stop()

    const undispatched = await startSystem({ dataDir, kinds: [toyKind], settings: { ...settings, ROLES: 'host' } })
    await expect.poll(async () => (await infoOf(undispatched, 'LOG')).messages).toBe(acknowledged.length)
    await trimNow(undispatched)
    expect(await infoOf(undispatched, 'INBOX')).toMatchObject({ first_seq: 1, messages: acknowledged.length })
    await undispatched.stop()

    const complete = await startSystem({ dataDir, kinds: [toyKind], settings: { ...settings, ROLES: 'host,dispatch,tasks' } })
    await caughtUp(complete)
    await trimNow(complete)
    expect((await infoOf(complete, 'INBOX')).messages).toBe(0)
    expect((await readLog(complete)).map(({ record }) => record.input.id).sort()).toEqual(acknowledged.toSorted())
    const again = await createProducer(complete.producer)
    expect(await again.publish(note(5_000), { wait: 'actor' })).toMatchObject({ outcome: 'committed' })
    await again.close()
    await complete.stop()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
