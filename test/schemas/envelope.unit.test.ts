import { describe, expect, test } from 'vitest'
import { structuredPayload } from '../../schemas/cloudevents-binary.ts'
import { readEnvelope } from '../../schemas/envelope.ts'
import { nearest } from '../../schemas/nearest.ts'

const problemOf = (value: unknown): string => {
  const read = readEnvelope(value)
  return read.ok ? '' : read.problem
}
const inputOf = (value: unknown): object => {
  const read = readEnvelope(value)
  if (!read.ok) throw new Error(read.problem)
  return read.input
}
const data = { text: 'hi' }

describe('an envelope', () => {
  test('treats null as absent, also in an attribute that it does not read', () => {
    const nulls = { id: null, time: null, source: null, sequence: null, dataversion: null, traceparent: null, subject: null, mine: null }
    expect(inputOf({ type: 'a', data, ...nulls })).toEqual({ type: 'a', data })
    expect(problemOf({ type: null, data })).toMatch(/^type: /)
    expect(problemOf({ type: 'a', data: null })).toBe('data: is missing; it must be a JSON object')
  })

  test('keeps nulls inside the data', () => {
    expect(inputOf({ type: 'a', data: { a: null }, id: null })).toEqual({ type: 'a', data: { a: null } })
  })

  test.each([
    ['2026-01-02t03:04:05z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.123456789z', '2026-01-02T03:04:05.123456789Z'],
    ['2026-01-02t03:04:05+02:00', '2026-01-02T03:04:05+02:00'],
  ])('takes the small letters of RFC 3339: %s', (time, as) => {
    expect(inputOf({ type: 'a', data, time })).toMatchObject({ time: as })
  })

  test.each(['yesterday', '2026-13-01T00:00:00Z', '2026-01-02 03:04:05Z', 'tz'])('refuses the time %s', (time) => {
    expect(problemOf({ type: 'a', data, time })).toMatch(/^time: /)
  })

  test.each([
    [0, 0],
    ['7', 7],
    ['00000000000000000042', 42],
  ])('takes the sequence %j', (sequence, as) => {
    expect(inputOf({ type: 'a', data, sequence })).toMatchObject({ sequence: as })
  })

  test.each([-1, 1.5, '', 'x', '-1', '1234567890123456'])('says what a sequence must be: %j', (sequence) => {
    expect(problemOf({ type: 'a', data, sequence })).toBe(
      'sequence: must be a whole number from 0 to 999999999999999, as a number or as a string of digits',
    )
  })

  test('keeps the attributes that it does not read', () => {
    const more = { subject: 'order 7', dataschema: 'https://example.org/s', partitionkey: 'k', retry: 3, odd: { a: 1 } }
    expect(inputOf({ specversion: '1.0', datacontenttype: 'application/json', type: 'a', data, ...more })).toEqual({
      specversion: '1.0',
      type: 'a',
      data,
      attributes: more,
    })
    const odd = inputOf(JSON.parse('{"type":"a","data":{},"__proto__":{"x":1}}'))
    expect(JSON.stringify(odd)).toBe('{"type":"a","data":{},"attributes":{"__proto__":{"x":1}}}')
  })

  test('refuses binary data in words', () => {
    expect(problemOf({ type: 'a', data_base64: 'AAEC' })).toBe('data_base64: binary data are not accepted; send a JSON object as data')
    expect(problemOf([])).toBe('must be a JSON object')
    expect(problemOf(undefined)).toBe('is missing; it must be a JSON object')
  })

  test.each(['text/xml', 'text/plain', 'application/jsonx', '', 7])('refuses data of the content type %j', (datacontenttype) => {
    const problem =
      `datacontenttype: ${JSON.stringify(datacontenttype)} is not accepted; `
      + 'send a JSON object as data, and application/json or no type'
    expect(problemOf({ type: 'a', data, datacontenttype })).toBe(problem)
    expect(problemOf({ type: 'a', data: 'text', datacontenttype })).toBe(problem)
  })

  test.each(['application/json', 'Application/JSON; charset=utf-8', 'text/json', 'application/vnd.shop+json;v=1', null])(
    'takes data of the content type %j',
    (datacontenttype) => {
      expect(inputOf({ type: 'a', data, datacontenttype })).toMatchObject({ data })
    },
  )
})

describe('a message in binary mode', () => {
  const structured = (headers: Record<string, string | string[]>, body: string): unknown => {
    const payload = structuredPayload(Object.entries(headers), Buffer.from(body))
    return JSON.parse(Buffer.from(payload).toString()) as unknown
  }
  const cloudEvent = { 'ce-specversion': '1.0', 'ce-type': 'a', 'ce-id': '1', 'ce-source': '/s', 'content-type': 'application/json' }

  test('has its attributes in headers of any case, encoded as the HTTP binding defines', () => {
    const headers = {
      ...cloudEvent,
      'Ce-Subject': '%E8%AE%A2%E5%8D%95 7',
      'CE-Title': '"a \\"b\\""',
      'ce-broken': '50%',
      'ce-list': ['x', 'y'],
    }
    expect(structured(headers, '{"a":1}')).toEqual({
      specversion: '1.0',
      type: 'a',
      id: '1',
      source: '/s',
      subject: '订单 7',
      title: 'a "b"',
      broken: '50%',
      list: 'x',
      datacontenttype: 'application/json',
      data: { a: 1 },
    })
  })

  test('has the attributes of Colloquy in their types', () => {
    const headers = { ...cloudEvent, 'ce-dataversion': '2', 'ce-history': 'true', 'ce-sequence': '00000000000000000009' }
    expect(inputOf(structured(headers, '{}'))).toMatchObject({ dataversion: 2, history: true, sequence: 9 })
    expect(problemOf(structured({ ...cloudEvent, 'ce-dataversion': 'two' }, '{}'))).toMatch(/^dataversion: /)
  })

  test('cannot set its data by a header, nor its attributes by its data', () => {
    expect(structured({ ...cloudEvent, 'ce-data': '{"b":2}', 'ce-': 'x', 'ce-A B': 'y' }, '{"type":"task.done"}')).toMatchObject({
      type: 'a',
      data: { type: 'task.done' },
    })
    const injected = '{},"type":"task.done"'
    expect(Buffer.from(structuredPayload(Object.entries(cloudEvent), Buffer.from(injected))).toString()).toBe(injected)
  })

  test('with data that are no JSON is refused in words', () => {
    expect(problemOf(structured({ ...cloudEvent, 'content-type': 'text/plain' }, 'hello'))).toMatch(
      /^datacontenttype: "text\/plain" is not accepted/,
    )
    expect(problemOf(structured(cloudEvent, '[1]'))).toBe('data: must be a JSON object')
    expect(problemOf(structured(cloudEvent, ''))).toBe('data: is missing; it must be a JSON object')
  })

  test('is none where no header says so', () => {
    const body = Buffer.from('{"type":"a"}')
    expect(structuredPayload([['Nats-Msg-Id', ['m']]], body)).toBe(body)
    expect(structuredPayload([['ce-id', 'x']], body)).toBe(body)
    expect(structuredPayload(Object.entries({ ...cloudEvent, 'content-type': 'application/cloudevents+json' }), body)).toBe(body)
  })
})

test.each([
  ['suport', 'support'],
  ['message.recieved', 'message.received'],
  ['Support', 'support'],
  ['ordr', 'order'],
  ['x', undefined],
  ['invoice', undefined],
])('the nearest name to %s is %s', (word, name) => {
  expect(nearest(word, ['support', 'order', 'message.received', 'message.sent'])).toBe(name)
})
