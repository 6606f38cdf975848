import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../../schemas/limits.ts'
import { type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem
let ids = 0
const path = (): string => `/v1/in/acme/toy/i${++ids}`
const add = (by: unknown, more: object = {}) => ({ type: 'add', data: { by }, ...more })

beforeAll(async () => {
  http = await startHttpSystem()
})
afterAll(() => http.stop())

/** The last record's input of the actor of a path. */
async function recorded(of: string): Promise<unknown> {
  const filter = `log.*.${of.replace('/v1/in/', '').replaceAll('/', '.')}`
  const stored = await http.system.running.jetstream.jsm.streams.getMessage('LOG', { last_by_subj: filter })
  return stored?.json<{ input: object }>().input
}
const stateOf = async (of: string): Promise<unknown> => (await http.get(of.replace('/v1/in/', '/v1/actors/'))).body['context']

describe('an encoded body', () => {
  const encoders = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
  const more = {
    deflate: deflateRawSync,
    'gzip, deflate': (body: string | Buffer) => deflateSync(gzipSync(body)),
    'identity, GZIP': gzipSync,
  }

  test.each([...Object.entries(encoders), ...Object.entries(more)])('is decoded: %s', async (encoding, encode) => {
    const { status, body } = await http.post(`${path()}?wait=actor`, encode(JSON.stringify(add(1))), { 'content-encoding': encoding })
    expect([status, body['outcome']]).toEqual([200, 'committed'])
  })

  test.each(Object.entries(encoders))('does not grow beyond the limit of a body: %s', async (encoding, encode) => {
    const bomb = encode(Buffer.alloc(100_000_000, ' '))
    expect(bomb.length).toBeLessThan(LIMITS.inputBytesMax)
    const before = process.memoryUsage().rss
    const { status, body } = await http.post(path(), bomb, { 'content-encoding': encoding })
    expect([status, body['code']]).toEqual([413, 'too_large'])
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
  })

  test.each(['compress', 'gzip, compress', 'gzip, gzip, gzip, gzip', 'toString'])(
    'gets 415 with the encodings that are known: %s',
    async (encoding) => {
      const { status, headers, body } = await http.post(path(), '{}', { 'content-encoding': encoding })
      expect([status, body['code'], headers.get('accept-encoding')]).toEqual([415, 'unsupported_encoding', 'gzip, deflate, br, zstd'])
    },
  )

  test('that is damaged gets 400', async () => {
    const whole = gzipSync(JSON.stringify(add(1)))
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'br, gzip']) {
      for (const body of [whole.subarray(0, -9), Buffer.from('{}'), Buffer.alloc(0)]) {
        const { status, body: problem } = await http.post(path(), body, { 'content-encoding': encoding })
        expect([status, problem['detail']]).toEqual([400, expect.stringMatching(/^the body is not valid \w+: it is damaged, or/)])
      }
    }
  })
})

describe('Idempotency-Key', () => {
  test.each([
    ['bare', 'bare'],
    ['"quoted"', 'quoted'],
  ])('is the id of an input without one: %s', async (key, id) => {
    const to = path()
    for (const input of [add(1), add(1, { id: null }), { data: { by: 1 }, type: 'add' }]) {
      const { status, body } = await http.post(`${to}?wait=actor`, input, { 'idempotency-key': key })
      expect([status, body['id']]).toEqual([200, id])
    }
    expect(await stateOf(to)).toMatchObject({ count: 1 })
  })

  test('does not replace the id of a body', async () => {
    const { body } = await http.post(path(), add(1, { id: 'own' }), { 'idempotency-key': 'other' })
    expect(body['id']).toBe('own')
  })

  test.each(['', 'seq:1', '""', 'x'.repeat(257), 'caf\u00e9'])('that can be no id gets 400: %j', async (key) => {
    const { status, body } = await http.post(path(), add(1), { 'idempotency-key': key })
    expect([status, body['code']]).toEqual([400, 'bad_idempotency_key'])
  })
})

describe('CloudEvents', () => {
  const event = { specversion: '1.0', id: 'e-1', source: '/shop', type: 'add', subject: 'order 7', data: { by: 2 } }
  const input = { type: 'add', id: 'e-1', source: '/shop', attributes: { subject: 'order 7' }, data: { by: 2 } }

  test('in structured mode', async () => {
    const to = path()
    expect((await http.post(`${to}?wait=actor`, event, { 'content-type': 'application/cloudevents+json; charset=utf-8' })).status).toBe(200)
    expect(await recorded(to)).toMatchObject(input)
  })

  test('in binary mode', async () => {
    const to = path()
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'e-1', 'ce-source': '/shop', 'ce-type': 'add', 'ce-subject': 'order%207' }
    const { status, body } = await http.post(`${to}?wait=actor`, { by: 2 }, { ...headers, 'content-type': 'application/vnd.shop+json' })
    expect([status, body['id']]).toEqual([200, 'e-1'])
    expect(await recorded(to)).toMatchObject({
      ...input,
      attributes: { ...input.attributes, datacontenttype: 'application/vnd.shop+json' },
    })
    expect(await http.post(to, 'hello', { ...headers, 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { detail: expect.stringContaining('with ce-* headers (binary mode)') as string },
    })
    expect((await http.post(to, 'not json', headers)).body['code']).toBe('bad_json')
  })

  const batch = { 'content-type': 'application/cloudevents-batch+json' }

  test('in a batch, in order', async () => {
    const to = path()
    const events = Array.from({ length: 20 }, (_, at) => ({ ...event, id: `b-${at}`, sequence: at }))
    const { status, body } = await http.post(`${to}?wait=actor`, events, batch)
    expect(status).toBe(200)
    expect(body['inputs']).toEqual(events.map(({ id }) => ({ position: expect.any(Number) as number, id, outcome: 'committed' })))
    expect(await stateOf(to)).toMatchObject({ count: 40 })
    expect((await http.post(to, [], batch)).body).toMatchObject({ inputs: [] })
  })

  test('in a batch with a rejected one, which is named', async () => {
    const to = path()
    const { status, body } = await http.post(`${to}?wait=actor`, [add(1), add('x', { id: 'bad' }), add(2)], batch)
    expect([status, body['code']]).toEqual([422, 'rejected'])
    expect(body['detail']).toContain('the id "bad" as bad_data')
    expect((body['inputs'] as { outcome: string }[]).map(({ outcome }) => outcome)).toEqual(['committed', 'rejected', 'committed'])
  })

  test('in a batch with a key, each with an id of its own', async () => {
    const to = path()
    for (const _ of [1, 2]) await http.post(`${to}?wait=actor`, [add(1), add(2)], { ...batch, 'idempotency-key': 'k' })
    expect(await stateOf(to)).toMatchObject({ count: 3 })
  })

  test.each([['{}'], ['[1]'], ['[{"type":"add","data":{"by":1}},null]']])('in a batch that is none get 400: %s', async (body) => {
    const to = path()
    expect((await http.post(to, body, batch)).body['code']).toBe('bad_json')
    expect((await http.get(to.replace('/v1/in/', '/v1/actors/'))).status).toBe(404)
  })

  test('in a batch of too many get 413', async () => {
    const { status } = await http.post(path(), JSON.stringify(Array.from({ length: 1_001 }, () => ({}))), batch)
    expect(status).toBe(413)
  })

  test('with binary data are refused in words', async () => {
    const { status, body } = await http.post(`${path()}?wait=actor`, { ...event, data: undefined, data_base64: 'AAEC' })
    expect([status, body['reason']]).toEqual([422, 'bad_envelope'])
    expect(body['error']).toContain('binary data are not accepted')
  })
})

describe('a warning', () => {
  test.each([
    [
      'a type that the kind does not declare',
      'toy',
      { type: 'ad', data: {} },
      'undeclared_type',
      /does not declare the type "ad"; its types/,
    ],
    ['a misspelt type', 'toy', { type: 'pasue', data: {} }, 'undeclared_type', /did you mean "pause"\?/],
    ['data that the schema refuses', 'toy', add('much'), 'bad_data', /data\.by/],
    ['an unknown kind', 'tooy', add(1), 'unknown_kind', /there is no kind "tooy"; did you mean "toy"\?/],
    ['an envelope that is none', 'toy', { type: 'add' }, 'bad_envelope', /data: is missing/],
  ])('comes with 202 for %s', async (_, kind, input, code, message) => {
    const { status, body } = await http.post(`/v1/in/acme/${kind}/w${++ids}`, input)
    expect(status).toBe(202)
    expect(body['warning']).toEqual({ code, message: expect.stringMatching(message) as string })
  })

  test.each([add(1), { type: 'message.received', data: { text: 'hi' } }, { type: 'feedback.given', data: { rating: 5 } }])(
    'does not come with what is right: %j',
    async (input) => {
      expect((await http.post(path(), input)).body).not.toHaveProperty('warning')
    },
  )
})
