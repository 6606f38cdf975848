import { describe, expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { createLogParser, dueOf } from '../../../pipeline/jetstream/log-message.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { encodeRecord } from '../../../schemas/record-form.ts'
import { address, message, recordOf } from '../../support/core-helpers.ts'

const SUBJECT = 'log.0.acme.toy.a1'
const parse = (data: string | Uint8Array) =>
  createLogParser(undefined)({ seq: 7, subject: SUBJECT, data: Buffer.from(data), time: new Date(0) })

test('half a surrogate pair is read as U+FFFD, which every table can hold; other Unicode and backslashes stay', () => {
  const record = recordOf(newActor(address), message(1, { type: 'add', data: { by: 1 } }))
  const json = JSON.stringify({ ...record, error: '😀 \\ud800 \ud800!' })
  expect(json).toContain('\\\\ud800 \\ud800!')

  const read = parse(json)

  expect(read.record?.error).toBe('😀 \\ud800 \ufffd!')
})

describe('a record of form 2', () => {
  const waiting = recordOf(newActor(address), message(1, { type: 'pause', data: {} }))
  const record: LogRecord = { ...waiting, v: 2, due: '2026-01-01T01:00:00.000Z', salt: 's'.repeat(22) }
  const text = Buffer.from(encodeRecord(record)).toString()
  const privateAt = Number(/"privateAt":(\d+)/.exec(text)?.[1])
  const movedTo = (offset: number): string => text.replace(/(?<="privateAt":)[\d ]{6}/, String(offset).padEnd(6))

  test('is read without its private part, which is read once', () => {
    const entry = parse(`${text.slice(0, privateAt)}${','}"state":torn`)
    expect(entry.record?.to).toBe(record.to)
    expect(entry.whole()).toBeUndefined()
    const sound = parse(text)
    expect(sound.whole()).toBe(sound.whole())
    expect(sound.bad === undefined && dueOf(sound)).toBe(record.due)
  })

  test.each([
    ['the offset names no comma', movedTo(privateAt - 1)],
    ['the offset names another comma', movedTo(text.indexOf(',"n"'))],
    ['the offset is beyond the end', movedTo(999_999)],
    ['the offset is no number', text.replace(/(?<="privateAt":)\d/, 'x')],
    ['the offset is missing', JSON.stringify({ ...record })],
    ['it ends within the public part', text.slice(0, privateAt - 2)],
  ])('is no record where %s', (_, data) => {
    expect(parse(data).bad?.why).toMatch(/^it is no/)
  })
})

test.each([3, 99])('a record of form %i, which a newer Colloquy wrote, is an error and not set aside', (v) => {
  expect(() => parse(JSON.stringify({ v, n: 1 }))).toThrow(expect.objectContaining({ code: 'newer_record' }))
})
