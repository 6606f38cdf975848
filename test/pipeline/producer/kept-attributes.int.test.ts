import { headers } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newestDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { resolutionInputOf } from '../../../pipeline/dead-letters/original-input.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch,project' } })
})
afterAll(() => system.stop())

const ODD = { subject: 'order 7', dataschema: 'https://example.org/s', 数: '一', retry: 3, nested: { a: ['\t', null] }, empty: '' }
const attributesOf = (actor: string) =>
  rows<{ attributes: object }>(system, `SELECT attributes FROM events WHERE actor = '${actor}' ORDER BY seq, idx`)

/** Publishes in binary mode. */
async function publishBinary(actor: string, more: Readonly<Record<string, string>>, data: string): Promise<void> {
  const header = headers()
  const all = { 'ce-specversion': '1.0', 'ce-type': 'add', 'ce-id': 'b-1', 'ce-source': '/s', 'content-type': 'application/json', ...more }
  for (const [name, value] of Object.entries(all)) header.set(name, value)
  await system.producer.request(`in.acme.toy.${actor}`, data, { headers: header, timeout: 10_000 })
}

test('attributes that Colloquy does not read are in the record and in the table, and the tables equal the log', async () => {
  const event = { specversion: '1.0', datacontenttype: 'application/json', type: 'add', data: { by: 1 }, correlationid: null }
  await publishAll(system, [
    { subject: 'in.acme.toy.kept', body: { ...event, ...ODD } },
    { subject: 'in.acme.toy.kept', body: event },
    { subject: 'in.acme.toy.kept', body: `{"type":"add","data":{"by":1},"__proto__":{"x":1},"time":"2026-01-02t03:04:05z"}` },
  ])
  await caughtUp(system)

  const records = (await readLog(system)).filter(({ actor }) => actor === 'acme/toy/kept').map(({ record }) => record)
  expect(records.map(({ outcome }) => outcome)).toEqual(['committed', 'committed', 'committed'])
  expect(records[0]?.input.attributes).toEqual(ODD)
  expect(records[1]?.input).not.toHaveProperty('attributes')
  expect(records[2]?.input.time).toBe('2026-01-02T03:04:05.000Z')
  const [first, emitted, second] = await attributesOf('kept')
  expect(first?.attributes).toEqual({ ...ODD, retry: '3', nested: '{"a":["\\t",null]}' })
  expect([emitted?.attributes, second?.attributes]).toEqual([{}, {}])
  const [found] = await rows<{ n: number }>(system, "SELECT count() AS n FROM events WHERE attributes['subject'] = 'order 7'")
  expect(found?.n).toBe(1)
  expect(await tablesBesideLog(system)).toEqual([])
})

test('a message in binary mode is an input like any other', async () => {
  await publishBinary('binary', { 'CE-Subject': '%E8%AE%A2%E5%8D%95', 'ce-sequence': '7' }, '{"by":2}')
  await caughtUp(system)
  const entry = (await readLog(system)).find(({ actor }) => actor === 'acme/toy/binary')
  expect(entry?.record).toMatchObject({
    outcome: 'committed',
    input: { type: 'add', id: 'b-1', source: '/s', sequence: 7, data: { by: 2 } },
  })
  expect((await attributesOf('binary'))[0]?.attributes).toEqual({ subject: '订单' })
})

test('a rejected message in binary mode is in DEAD with its attributes, so that a redrive decides the same', async () => {
  await publishBinary('dead', { 'ce-id': 'b-2' }, '{"by":"much"}')
  await publishBinary('dead', { 'ce-id': 'b-3', 'content-type': 'text/plain' }, 'much')
  await caughtUp(system)
  const { jetstream } = system.running
  const letters = await newestDeadLetters(jetstream, { actor: 'dead' }, 10)
  expect(letters.map(({ reason }) => reason)).toEqual(['bad_data', 'bad_envelope'])
  expect(letters[1]?.error).toContain('datacontenttype: "text/plain" is not accepted')
  const { payload, request } = await resolutionInputOf(jetstream, letters[0]?.seq ?? 0, { resolution: 'redriven', force: false })
  expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ type: 'add', id: 'b-2', source: '/s', data: { by: 'much' } })
  expect(request.id).toBe('b-2')
})
