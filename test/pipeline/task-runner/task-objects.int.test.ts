import { hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { BackedUp } from '../../../infra/backup/backup.ts'
import type { ObjectBucket } from '../../../pipeline/jetstream/object-bucket.ts'
import { openTaskObjects, TASK_OBJECTS_BUCKET } from '../../../pipeline/task-runner/object-store.ts'
import { sweepObjects, type Swept, UNKNOWN_MS, YOUNG_MS } from '../../../pipeline/task-runner/object-sweeper.ts'
import { type ObjectReference, objectReference } from '../../../schemas/object-reference.ts'
import { cliJson } from '../../support/run-cli.ts'
import { scribe } from '../../support/scribe-config.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const LINE = '很长的一行 and a long line 𝟛\n'
const TIMES = 20_000
const TEXT = `attempt 1\n${LINE.repeat(TIMES)}`
const OBJECT_BYTES_MAX = 2 * 1024 ** 2

let system: System
let bucket: ObjectBucket
beforeAll(async () => {
  system = await startSystem({ kinds: [scribe], settings: { TASK_OBJECT_BYTES_MAX: String(OBJECT_BYTES_MAX) } })
  bucket = await openTaskObjects(system.running.jetstream, 1)
})
afterAll(() => system.stop())
afterEach(async () => {
  for (const { name } of await bucket.list()) await bucket.erase(name)
})

const contextSchema = z.object({ text: objectReference.optional(), error: z.string().optional(), read: z.string().optional() })
const lastOf = async (id: string, of = system, tenant = 'acme') =>
  (await readLog(of)).findLast(({ actor }) => actor === `${tenant}/scribe/${id}`)?.record
const reaches = (id: string, state: string, of = system, tenant = 'acme') =>
  expect.poll(async () => (await lastOf(id, of, tenant))?.to, { timeout: 30_000 }).toBe(state)
const contextOf = async (id: string, of = system, tenant = 'acme') => contextSchema.parse((await lastOf(id, of, tenant))?.state?.context)
const write = (id: string, more: object = {}) =>
  publishAll(system, [
    { subject: `in.acme.scribe.${id}`, body: { type: 'write', data: { line: LINE, times: TIMES, how: 'returns', ...more } } },
  ])
const read = (id: string, reference?: ObjectReference, tenant = 'acme') =>
  publishAll(system, [{ subject: `in.${tenant}.scribe.${id}`, body: { type: 'read', data: { reference } } }])
const names = async (): Promise<string[]> => (await bucket.list()).map(({ name }) => name)
const sweep = (afterMs = YOUNG_MS + 1_000, cursor = ''): Promise<Swept> =>
  sweepObjects(
    { jetstream: system.running.jetstream, bucket, log: silent, now: () => Date.now() + afterMs },
    cursor,
    new AbortController().signal,
  )

test('a task returns what is too large for a record by a reference; another task opens it', async () => {
  await write('w1')
  await reaches('w1', 'written')
  const { text } = await contextOf('w1')
  expect(text).toEqual({ object: expect.any(String) as string, sha256: hash('sha256', TEXT), bytes: Buffer.byteLength(TEXT) })
  expect(text?.bytes).toBeGreaterThan(192 * 1024)
  await read('w1')
  await reaches('w1', 'wasRead')
  expect((await contextOf('w1')).read).toBe(`${TEXT.slice(0, 30)} ${Buffer.byteLength(TEXT)}`)
})

test('an object beyond its bound fails the task at once', async () => {
  await write('l1', { times: TIMES * 4 })
  await reaches('l1', 'failed')
  expect((await lastOf('l1'))?.ended).toMatchObject([{ attempts: 1, error: { code: 'object_too_large' } }])
  expect(await names()).toEqual([])
})

test('another tenant, and a changed reference, open nothing', async () => {
  await write('t1')
  await reaches('t1', 'written')
  const { text } = await contextOf('t1')
  if (text === undefined) throw new Error('no reference')
  await read('t1', text, 'other')
  await reaches('t1', 'failed', system, 'other')
  expect((await contextOf('t1', system, 'other')).error).toBe('no_object')
  await read('t1', { ...text, sha256: hash('sha256', 'another') })
  await reaches('t1', 'failed')
  expect((await contextOf('t1')).error).toBe('bad_object')
})

test('a sweep removes what no record needs, and nothing else', async () => {
  await write('kept')
  await write('pending', { how: 'hangs' })
  await write('failed', { how: 'fails' })
  await reaches('kept', 'written')
  await reaches('failed', 'failed')
  await expect.poll(async () => (await names()).length, { timeout: 30_000 }).toBe(3)
  // Of a process that was killed while it stored an object.
  const { jetstream } = system.running
  await jetstream.js.publish(`$O.${TASK_OBJECTS_BUCKET}.C.NEVERCOMPLETED`, 'the first part')

  expect(await sweep(0)).toMatchObject({ checked: 0, removed: 0, incomplete: 0 })
  expect(await sweep()).toEqual({ checked: 3, removed: 1, incomplete: 1, cursor: '' })
  const left = (await bucket.list()).map(({ metadata: { id } }) => id).sort()
  expect(left).toEqual(['kept', 'pending'])
  expect(await sweep()).toEqual({ checked: 2, removed: 0, incomplete: 0, cursor: '' })
  const { state } = await jetstream.jsm.streams.info(`OBJ_${TASK_OBJECTS_BUCKET}`, { subjects_filter: '>' })
  expect(Object.keys(state.subjects ?? {})).toHaveLength(4)
})

test('an object of a run that LOG does not know is kept for a week: its input may be decided again', async () => {
  const lost = { tenant: 'acme', kind: 'scribe', id: 'nobody', run: 'zzzzzz-abc-t1', sha256: '' }
  await bucket.save('0'.repeat(32), lost, Buffer.from('lost'))
  await bucket.save('1'.repeat(32), { ...lost, id: 'kept' }, Buffer.from('lost'))
  expect(await sweep()).toMatchObject({ checked: 2, removed: 0 })
  expect(await sweep(UNKNOWN_MS + 1_000)).toMatchObject({ checked: 2, removed: 2 })
})

test('a backup has the objects, and a restored system opens them', async () => {
  await write('b1')
  await reaches('b1', 'written')
  const backup = await temporaryFolder()
  const empty = await temporaryFolder()
  try {
    const dir = join(backup, 'backup')
    const backUp = async () => (await cliJson<BackedUp>(['backup', dir], { dataDir: system.settings.DATA_DIR }))[0]
    expect(await backUp()).toMatchObject({ objects: 1 })
    expect(await backUp()).toMatchObject({ objects: 1, bytes: 0 })
    await cliJson(['restore', dir], { dataDir: empty })
    const copy = await startSystem({ dataDir: empty, kinds: [scribe] })
    try {
      await publishAll(copy, [{ subject: 'in.acme.scribe.b1', body: { type: 'read', data: {} } }])
      await reaches('b1', 'wasRead', copy)
      expect((await contextOf('b1', copy)).read).toContain(String(Buffer.byteLength(TEXT)))
    } finally {
      await copy.stop()
    }
  } finally {
    for (const folder of [backup, empty]) await rm(folder, { recursive: true, force: true })
  }
})

test('an object may be read often: no consumer of the server stays, of which a stream may have 1,000', async () => {
  const bytes = Buffer.from(LINE.repeat(TIMES))
  await bucket.save('often', {}, bytes)
  const { jsm } = system.running.jetstream
  const consumers = async (): Promise<number> => (await jsm.streams.info(`OBJ_${TASK_OBJECTS_BUCKET}`)).state.consumer_count
  const before = await consumers()
  for (let times = 0; times < 20; times++) expect(Buffer.from((await bucket.load('often')) ?? [])).toEqual(bytes)
  expect(await consumers()).toBeLessThanOrEqual(before)
})
